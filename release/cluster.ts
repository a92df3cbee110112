import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { UserError } from "../infra/lib/errors.ts";

/** How to reach a cluster, as kubectl takes it. */
export interface ClusterAccess {
  /** The kubectl to run. */
  readonly kubectl: string;
  readonly context: string;
  /** Without it: the environment's own. */
  readonly kubeconfig?: string;
}

/** An operation of JSON Patch (RFC 6902); `test` makes the whole patch fail when the value is another. */
export interface PatchOperation {
  readonly op: "test" | "replace" | "add" | "remove";
  readonly path: string;
  readonly value?: unknown;
}

/** Which object: `kind` as kubectl takes it, with its group where that is not core: `httproute.gateway.networking.k8s.io`. */
export interface ObjectRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Which log, and how many lines from its end. */
export interface LogRef {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Of the container's run before this one. */
  readonly previous: boolean;
  readonly lines: number;
}

/** Which container to run a command in. */
export type ExecRef = Pick<LogRef, "namespace" | "pod" | "container">;

/** An object's part that everything has. */
export interface KubernetesObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

/** The answer was "no": with the API server's own word for it. */
export class Refused extends UserError {
  readonly reason: string;

  constructor(reason: string, what: string, where?: string) {
    super({ what, ...(where === undefined ? {} : { where }) });
    this.reason = reason;
  }
}

/** There was no answer, or only that there is none just now: the next may be one. */
export class NoAnswer extends UserError {}

/**
 * The cluster as the release driver uses it. kubectl does the talking: it knows every kind of kubeconfig and every way to
 * log in, and it starts faster (70 ms) than the Kubernetes client for Node loads (270 ms), which a rollback would feel.
 */
export class Cluster {
  readonly #access: ClusterAccess;

  constructor(access: ClusterAccess) {
    this.#access = access;
  }

  /** @returns undefined when there is no such object. */
  async get<T extends KubernetesObject>({ kind, namespace, name }: ObjectRef): Promise<T | undefined> {
    try {
      return JSON.parse(await this.#run(["get", kind, name, "--namespace", namespace, "--output=json"])) as T;
    } catch (error) {
      if (error instanceof Refused && error.reason === "NotFound") return undefined;
      throw error;
    }
  }

  async list<T extends KubernetesObject>(kind: string, namespace: string, selector?: string): Promise<T[]> {
    const selected = selector === undefined ? [] : ["--selector", selector];
    const text = await this.#run(["get", kind, "--namespace", namespace, ...selected, "--output=json"]);
    return (JSON.parse(text) as { items: T[] }).items;
  }

  /** @throws Refused with reason Invalid when a `test` of the patch fails. */
  async patch({ kind, namespace, name }: ObjectRef, operations: readonly PatchOperation[]): Promise<void> {
    const patch = `--patch=${JSON.stringify(operations)}`;
    await this.#run(["patch", kind, name, "--namespace", namespace, "--type=json", patch, "--output=name"]);
  }

  /**
   * Patches an object as soon as the time has come. kubectl takes longer to start than to do its work, so it starts at
   * once; it is told the object only when `time` is fulfilled. Nothing is changed before that, and nothing ever where
   * `time` is rejected (the reason is thrown) or this process dies.
   * @param object apiVersion, kind, namespace and name
   * @throws as {@link patch}, never before the time
   */
  async patchWhen(
    time: Promise<unknown>,
    object: KubernetesObject,
    operations: readonly PatchOperation[],
  ): Promise<void> {
    const patch = `--patch=${JSON.stringify(operations)}`;
    const told = time.then(() => JSON.stringify(object));
    await this.#run(["patch", "--filename=-", "--type=json", patch, "--output=name"], told);
  }

  /** @throws Refused with reason AlreadyExists. */
  async create(object: KubernetesObject): Promise<void> {
    await this.#run(["create", "--filename=-", "--output=name"], JSON.stringify(object));
  }

  /** @throws Refused with reason Conflict when the object has another resourceVersion by now. */
  async replace(object: KubernetesObject): Promise<void> {
    await this.#run(["replace", "--filename=-", "--output=name"], JSON.stringify(object));
  }

  async delete({ kind, namespace, name }: ObjectRef): Promise<void> {
    await this.#run(["delete", kind, name, "--namespace", namespace, "--ignore-not-found", "--wait=false"]);
  }

  /** The last lines that a container wrote. */
  async logs({ namespace, pod, container, previous, lines }: LogRef): Promise<string> {
    const of = [pod, "--container", container, "--namespace", namespace, `--previous=${previous}`];
    return this.#run(["logs", ...of, `--tail=${lines}`]);
  }

  /**
   * Runs a command beside what a container runs; returns what it prints.
   * @throws UserError with the last line of its stderr when it ends with another exit code than 0
   */
  async exec(
    { namespace, pod, container }: ExecRef,
    command: readonly string[],
    timeoutMs?: number,
  ): Promise<string> {
    const args = ["exec", pod, "--container", container, "--namespace", namespace, "--", ...command];
    return this.#run(args, undefined, timeoutMs);
  }

  /** GET of any path of the API server, such as a Service's proxy. */
  async raw(path: string, timeoutMs?: number): Promise<string> {
    return this.#run(["get", "--raw", path], undefined, timeoutMs);
  }

  /**
   * @param input for stdin; whatever may be secret goes there, as anybody on the machine can read a command line
   * @param timeoutMs from the input on
   * @throws Refused, NoAnswer, or UserError where there is no kubectl
   */
  async #run(
    args: readonly string[],
    input: string | Promise<string> = "",
    timeoutMs = TIMEOUT_MS,
  ): Promise<string> {
    const { kubectl, context, kubeconfig } = this.#access;
    const where = `context ${context}: kubectl ${args.slice(0, 2).join(" ")}`;
    // Not as a flag, which takes one file only.
    const own = kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig };
    const env = { ...UNCOLLECTED, ...process.env, ...own };
    const command = { program: kubectl, args: [`--context=${context}`, ...args], env, input };
    const { exitCode, stdout, stderr } = await ended(command, timeoutMs);
    if (exitCode === 0) return stdout;
    throw failure(where, exitCode === undefined ? "no answer in time" : stderr.trim());
  }
}

const TIMEOUT_MS = 20_000;

/** kubectl ends before it is worth its while to collect garbage, which takes a quarter of its time; large answers aside. */
const UNCOLLECTED = { GOGC: "off", GOMEMLIMIT: "256MiB" };

interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Whatever becomes of the command is told after the input has come. */
  readonly input: string | Promise<string>;
}

interface Ended {
  /** Undefined: it took too long, or somebody killed it. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs kubectl to its end, without the library that other rooms use: that takes longer to load than kubectl takes. */
async function ended({ program, args, env, input }: Command, timeoutMs: number): Promise<Ended> {
  // Ctrl-C reaches the whole process group; the driver decides itself what is still to be done.
  const child = spawn(program, args, { env, detached: true });
  const end = endOf(child, program);
  const given = await Promise.resolve(input).catch((reason) => {
    stop(child);
    throw reason;
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    stop(child);
  }, timeoutMs);
  child.stdin.end(given);
  try {
    const { exitCode, ...output } = await end;
    return { exitCode: isLate ? undefined : exitCode, ...output };
  } finally {
    clearTimeout(timer);
  }
}

function stop(child: ChildProcessWithoutNullStreams): void {
  child.kill("SIGKILL");
  // Whatever helps it to log in may live on and hold its pipes.
  for (const stream of [child.stdout, child.stderr]) stream.destroy();
}

function endOf(child: ChildProcessWithoutNullStreams, program: string): Promise<Ended> {
  // One that ends before it has read everything says so by its exit code.
  child.stdin.on("error", () => {});
  const exited = new Promise<number | undefined>((resolve, reject) => {
    child.once("error", (error) => reject(notThere(program, error)));
    child.once("exit", (code) => resolve(code ?? undefined));
  });
  const read = (stream: typeof child.stdout) => text(stream).catch(() => "");
  const end = Promise.all([exited, read(child.stdout), read(child.stderr)]).then(
    ([exitCode, stdout, stderr]) => ({ exitCode, stdout, stderr }),
  );
  // It may come before anybody waits for it.
  end.catch(() => {});
  return end;
}

function notThere(program: string, error: NodeJS.ErrnoException): UserError {
  const remedy = "install kubectl (slipway doctor says what is missing)";
  return new UserError({ where: program, what: `cannot be run: ${error.code}`, remedy }, { cause: error });
}

/** Reasons by which the API server says that it cannot answer, rather than that the answer is no. */
const NOT_NOW = ["InternalError", "ServerTimeout", "ServiceUnavailable", "Timeout", "TooManyRequests"];

/** What kubectl says when it never gets as far as the cluster, or as far as a request. */
const MISCONFIGURED = /^error: (context |stat |You must be logged in)|^Error in configuration: /i;

/** How kubectl tells that a command in a container failed, after what that wrote to stderr itself. */
const COMMAND_ENDED = /(?:^|\n)(command terminated with exit code \d+)$/;

function failure(where: string, message: string): UserError {
  const ended = COMMAND_ENDED.exec(message);
  if (ended !== null) {
    const what = message.slice(0, ended.index).trim().split("\n").at(-1) || ended[1] || "";
    return new UserError({ where, what });
  }
  const reason = reasonIn(message);
  if (reason !== undefined && !NOT_NOW.includes(reason)) return new Refused(reason, message, where);
  const what = message.split("\n").at(-1) || "kubectl failed without a word";
  return MISCONFIGURED.test(what)
    ? new UserError({ where, what, remedy: "check slipway:cluster and the kubeconfig" })
    : new NoAnswer({ where, what, remedy: "check that the cluster answers: slipway doctor" });
}

/** kubectl has a form of its own for what is invalid, with or without the object's name. */
function reasonIn(message: string): string | undefined {
  const isInvalid = /^The (request|\S+ ".*") is invalid/m.test(message);
  return isInvalid ? "Invalid" : /^Error from server \((\w+)\)/m.exec(message)?.[1];
}
