import { isDeepStrictEqual } from "node:util";
import {
  type Cluster,
  type KubernetesObject,
  type ObjectRef,
  type PatchOperation,
  Refused,
} from "../../release/cluster.ts";

type Verb = "get" | "list" | "patch" | "create" | "replace" | "delete" | "raw" | "logs" | "exec";

/**
 * A cluster in memory with the API server's rules that matter to its users: every write gives a new resourceVersion, a
 * replace of another version is refused, and so is a patch whose test fails. Each call takes a turn of the event loop.
 */
export class MemoryCluster implements Pick<Cluster, Verb | "patchWhen"> {
  readonly #objects = new Map<string, KubernetesObject>();
  readonly calls: string[] = [];
  /** Answers of `raw` by path, of `logs` and of `exec` by pod. */
  readonly answers: Record<string, string> = {};
  /** Throws, or waits, in place of an outage. */
  interfere: (verb: Verb, call: string) => Promise<void> = async () => {};
  #version = 0;

  constructor(...objects: KubernetesObject[]) {
    for (const object of objects) this.put(object);
  }

  /** Writes an object past all rules. */
  put(object: KubernetesObject): void {
    const { name, namespace = "", resourceVersion: _, ...rest } = object.metadata;
    const metadata = { ...rest, name, namespace, resourceVersion: String(++this.#version) };
    this.#objects.set(keyOf(object.kind ?? "", namespace, name), structuredClone({ ...object, metadata }));
  }

  async get<T extends KubernetesObject>({ kind, namespace, name }: ObjectRef): Promise<T | undefined> {
    await this.#turn("get", kind, name);
    const found = this.#find(kind, namespace, name);
    return found === undefined ? undefined : (structuredClone(found) as T);
  }

  async list<T extends KubernetesObject>(kind: string, namespace: string, selector = ""): Promise<T[]> {
    await this.#turn("list", kind, selector);
    const wanted = selector.split(",").filter((text) => text !== "");
    return [...this.#objects.entries()]
      .filter(([key]) => key.startsWith(keyOf(kind, namespace, "")) || key.startsWith(keyOf(kind, "", "")))
      .map(([, object]) => object)
      .filter(({ metadata: { labels = {} } }) =>
        wanted.every((pair) => labels[pair.split("=")[0] ?? ""] === pair.split("=")[1]),
      )
      .map((object) => structuredClone(object) as T);
  }

  async patch({ kind, namespace, name }: ObjectRef, operations: readonly PatchOperation[]): Promise<void> {
    await this.#turn("patch", kind, name);
    const found = this.#find(kind, namespace, name);
    if (found === undefined) throw new Refused("NotFound", `${kind} "${name}" not found`);
    const copy = structuredClone(found);
    for (const operation of operations) apply(copy, operation);
    this.put(copy);
  }

  async patchWhen(
    time: Promise<unknown>,
    { kind = "", metadata: { namespace = "", name } }: KubernetesObject,
    operations: readonly PatchOperation[],
  ): Promise<void> {
    await time;
    await this.patch({ kind, namespace, name }, operations);
  }

  async create(object: KubernetesObject): Promise<void> {
    const { name, namespace = "" } = object.metadata;
    await this.#turn("create", object.kind ?? "", name);
    if (this.#find(object.kind ?? "", namespace, name) !== undefined)
      throw new Refused("AlreadyExists", `"${name}" already exists`);
    this.put(object);
  }

  async replace(object: KubernetesObject): Promise<void> {
    const { name, namespace = "", resourceVersion } = object.metadata;
    await this.#turn("replace", object.kind ?? "", name);
    const found = this.#find(object.kind ?? "", namespace, name);
    if (found === undefined) throw new Refused("NotFound", `"${name}" not found`);
    if (resourceVersion !== undefined && resourceVersion !== found.metadata.resourceVersion)
      throw new Refused("Conflict", `the object "${name}" has been modified`);
    this.put(object);
  }

  async delete({ kind, namespace, name }: ObjectRef): Promise<void> {
    await this.#turn("delete", kind, name);
    this.#objects.delete(keyOf(kind, namespace, name));
  }

  async raw(path: string): Promise<string> {
    await this.#turn("raw", path, "");
    const answer = this.answers[path];
    if (answer === undefined) throw new Refused("NotFound", `no answer for ${path}`);
    return answer;
  }

  async logs({ pod }: { readonly pod: string }): Promise<string> {
    await this.#turn("logs", pod, "");
    const answer = this.answers[pod];
    if (answer === undefined) throw new Refused("NotFound", `no logs of ${pod}`);
    return answer;
  }

  async exec({ pod }: { readonly pod: string }, command: readonly string[]): Promise<string> {
    await this.#turn("exec", pod, command.join(" "));
    const answer = this.answers[pod];
    if (answer === undefined) throw new Refused("NotFound", `no pod ${pod}`);
    return answer;
  }

  #find(kind: string, namespace: string, name: string): KubernetesObject | undefined {
    return this.#objects.get(keyOf(kind, namespace, name));
  }

  async #turn(verb: Verb, what: string, name: string): Promise<void> {
    const call = `${verb} ${what} ${name}`.trim();
    this.calls.push(call);
    await new Promise((resolve) => setImmediate(resolve));
    await this.interfere(verb, call);
  }
}

/** `lease.coordination.k8s.io`, `leases` and `Lease` are one kind. */
function keyOf(kind: string, namespace: string, name: string): string {
  const short = kind.toLowerCase().split(".")[0]?.replace(/s$/, "");
  return [short, namespace, name].join("/");
}

function apply(object: unknown, { op, path, value }: PatchOperation): void {
  const keys = path
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = keys.pop() ?? "";
  const parent = keys.reduce<unknown>(
    (at, key) => (at as Record<string, unknown> | undefined)?.[key],
    object,
  );
  if (typeof parent !== "object" || parent === null) throw new Refused("Invalid", `${path}: no such place`);
  const at = parent as Record<string, unknown>;
  if (op === "test" && !isDeepStrictEqual(at[last], value))
    throw new Refused("Invalid", `${path}: the test failed`);
  if (op === "remove") delete at[last];
  if (op === "add" || op === "replace") at[last] = value;
}
