import type { SchemaRange } from "../infra/config/schema/releases.ts";
import { type Fault, UserError } from "../infra/lib/errors.ts";
import { slotSelector } from "../infra/lib/labels.ts";
import type { SlotName } from "../infra/lib/names.ts";
import type { ResolvedService } from "../infra/services/resolve.ts";
import type { Cluster, KubernetesObject } from "./cluster.ts";
import type { Pod } from "./pods.ts";

/** A pod with what says whether it is on its way out. */
type Leaving = Pod & {
  readonly metadata: KubernetesObject["metadata"] & { readonly deletionTimestamp?: string };
};

/** How long the answer may take, in milliseconds. */
const ANSWER_MS = 5_000;

/**
 * The version of the schema of a service's database, asked for in one of the service's own pods: that one reaches it.
 * @param slots where to look for a pod that is ready, the best first
 * @returns undefined where the service has no way to ask
 * @throws UserError when nobody can be asked, or there is no answer
 */
export async function askSchema(
  cluster: Pick<Cluster, "list" | "exec">,
  service: Pick<ResolvedService, "name" | "namespace" | "migration">,
  slots: readonly SlotName[],
): Promise<number | undefined> {
  const { name, namespace } = service;
  const command = service.migration?.version;
  if (command === undefined) return undefined;
  const pod = await readyPod(cluster, service, slots);
  return versionIn(await cluster.exec({ namespace, pod, container: name }, command, ANSWER_MS), pod);
}

async function readyPod(
  cluster: Pick<Cluster, "list">,
  { name, namespace }: Pick<ResolvedService, "name" | "namespace">,
  slots: readonly SlotName[],
): Promise<string> {
  for (const slot of slots) {
    const selector = Object.entries(slotSelector(name, slot)).map((pair) => pair.join("="));
    const pods = await cluster.list<Leaving>("pods", namespace, selector.join(","));
    const ready = pods.find(
      ({ metadata, status }) => metadata.deletionTimestamp === undefined && isReady(status, name),
    );
    if (ready !== undefined) return ready.metadata.name;
  }
  throw new UserError({ where: `${name} in ${namespace}`, what: `no pod in ${slots.join(" or ")} is ready` });
}

function isReady(status: Pod["status"], container: string): boolean {
  return status?.containerStatuses?.some(({ name, ready }) => name === container && ready) ?? false;
}

/** @throws UserError when the last line is no version. */
export function versionIn(output: string, pod: string): number {
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  if (/^\d+$/.test(last)) return Number(last);
  const what = `migration.version printed ${last === "" ? "nothing" : `"${last}"`} instead of a number`;
  throw new UserError({ where: `pod ${pod}`, what });
}

export function isWithin(version: number, { min, max }: SchemaRange): boolean {
  return min <= version && version <= max;
}

/** `2..3` */
export function formatRange({ min, max }: SchemaRange): string {
  return `${min}..${max}`;
}

/** Why a release cannot be gone back to with the schema that the database has; empty where it can. */
export function beyondTarget(
  { name, namespace }: Pick<ResolvedService, "name" | "namespace">,
  target: { readonly release: string; readonly schema?: SchemaRange | undefined } | undefined,
  version: number | undefined,
): Fault[] {
  if (version === undefined || target?.schema === undefined || isWithin(version, target.schema)) return [];
  return [
    {
      where: `${name} in ${namespace}`,
      what: `the database is at schema ${version} and is never taken back; ${target.release} works with ${formatRange(target.schema)}`,
      remedy: `go forward instead: release a fixed version that works with schema ${version}`,
    },
  ];
}
