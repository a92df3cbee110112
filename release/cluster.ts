import { execa } from "execa";
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
export class Refused extends Error {
  override readonly name = "Refused";
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

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

  /** GET of any path of the API server, such as a Service's proxy. */
  async raw(path: string, timeoutMs?: number): Promise<string> {
    return this.#run(["get", "--raw", path], undefined, timeoutMs);
  }

  async #run(args: readonly string[], input?: string, timeoutMs = TIMEOUT_MS): Promise<string> {
    const { kubectl, context, kubeconfig } = this.#access;
    const where = [
      `--context=${context}`,
      ...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`]),
    ];
    const result = await execa(kubectl, [...args, ...where], {
      reject: false,
      timeout: timeoutMs,
      // Ctrl-C reaches the whole process group; the driver decides itself what is still to be done.
      detached: true,
      ...(input === undefined ? { stdin: "ignore" } : { input }),
    });
    if (result.exitCode === 0) return result.stdout;
    throw failure(result.stderr, args, context, result.timedOut);
  }
}

const TIMEOUT_MS = 20_000;

function failure(stderr: string, args: readonly string[], context: string, timedOut: boolean): Error {
  const message = stderr.trim();
  const refused = /^Error from server \((\w+)\)/m.exec(message) ?? /^The request is (invalid)/m.exec(message);
  if (refused?.[1] !== undefined) {
    return new Refused(refused[1] === "invalid" ? "Invalid" : refused[1], message);
  }
  return new UserError({
    where: `context ${context}: kubectl ${args.slice(0, 2).join(" ")}`,
    what: timedOut ? "no answer in time" : message.split("\n").at(-1) || "kubectl failed without a word",
    remedy: "check that the cluster answers: slipway doctor",
  });
}
