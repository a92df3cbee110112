import { isDeepStrictEqual } from "node:util";
import { UserError } from "../../infra/lib/errors.ts";
import type { SlotName } from "../../infra/lib/names.ts";
import type { ResolvedService } from "../../infra/services/resolve.ts";
import { slotName } from "../../infra/slots/model/manifests.ts";
import type { Cluster } from "../cluster.ts";
import { otherOf, takenBack } from "../model/states.ts";
import { type Deployment, slotHealth } from "../pods.ts";
import type { Entries, Project } from "../project.ts";
import type { Engine } from "./engine.ts";
import { persist } from "./persist.ts";
import { note, type Report } from "./report.ts";
import { currentWeights, formatWeights, holdTraffic, moveTraffic, plannedWeights } from "./traffic.ts";

/** Entries that put all users of some services back on the version before, as far as there is one to go back to. */
export function wayBack(project: Project, names: readonly string[]): Entries {
  const entries = names.flatMap((name) => {
    const entry = takenBack(project.service(name).release);
    return entry === undefined ? [] : [[name, entry] as const];
  });
  return Object.fromEntries(entries);
}

/** The services with a release on its way. */
export function onItsWay(project: Project, names: readonly string[]): string[] {
  return names.filter((name) => project.service(name).release.phase === "canary");
}

/**
 * Refuses to give users to a version without a single ready pod, as long as the other one has some: what serves best
 * stays.
 * @throws UserError naming both, for each service where it is so.
 */
export async function checkTargets(
  { project, report, signal }: Omit<WayBack, "engine">,
  entries: Entries,
): Promise<void> {
  const faults = await Promise.all(
    Object.entries(entries).map(async ([name, entry]) => {
      const service = project.service(name);
      const other = otherOf(entry);
      const ready = await persist(() => readyPods(project.cluster, service), report, signal);
      if (ready[entry.active] > 0 || ready[other] === 0) return [];
      return [
        {
          where: `${name} in ${service.namespace}`,
          what: `${entry[entry.active]?.release} in ${entry.active} has no ready pod to go back to; ${entry[other]?.release} in ${other} has ${ready[other]} and keeps the traffic`,
          remedy: `mend it (kubectl describe deployment ${slotName(name, entry.active)} --namespace ${service.namespace}) and run this again, or deploy a fixed version`,
        },
      ];
    }),
  );
  if (faults.flat().length > 0) throw new UserError(faults.flat());
}

async function readyPods(
  cluster: Cluster,
  { name, namespace }: ResolvedService,
): Promise<Record<SlotName, number>> {
  const found = await cluster.list<Deployment>("deployment.apps", namespace, `app=${name}`);
  const ready = (slot: SlotName) =>
    slotHealth(found.find(({ metadata }) => metadata.name === slotName(name, slot))).ready;
  return { blue: ready("blue"), green: ready("green") };
}

/** What going back takes. */
export interface WayBack {
  readonly project: Project;
  readonly engine: Engine;
  readonly report: Report;
  /** Not the one that stopped the release: going back goes on after Ctrl-C. */
  readonly signal: AbortSignal;
}

/**
 * All users of some services back on the version before: written into the stack file, then moved by one PATCH each.
 * The engine's record comes later; see {@link record}.
 * @throws UserError when that would leave users with nothing that answers; nothing is changed then.
 */
export async function moveBack(way: Omit<WayBack, "engine">, entries: Entries): Promise<void> {
  const { project, report, signal } = way;
  await checkTargets(way, entries);
  await project.overwrite(entries);
  await shiftTraffic(project, Object.keys(entries), report, signal);
}

/**
 * The engine records what was moved. An engine that the stopped run left behind may set the old weights once more
 * meanwhile, so the traffic is held where it belongs.
 */
export async function record(
  { project, engine, report, signal }: WayBack,
  names: readonly string[],
): Promise<void> {
  const over = new AbortController();
  const holding = holdTraffic(project, names, report, AbortSignal.any([signal, over.signal]));
  try {
    await engine.up("record the way back", report, signal);
  } finally {
    over.abort();
    await holding;
  }
  for (const name of names) await report.add(note(await verified(project, name)));
}

/** What a service is like after the way back, as the cluster has it. */
async function verified(project: Project, name: string): Promise<string> {
  const service = project.service(name);
  const { active } = service.release;
  const [weights, ready] = await Promise.all([
    currentWeights(project.cluster, service),
    readyPods(project.cluster, service),
  ]);
  const fits = isDeepStrictEqual(weights, plannedWeights(service)) && ready[active] > 0;
  const found = `${formatWeights(weights)}, ${ready[active]} pods of ${service.release[active]?.release} ready`;
  return fits ? `verified: ${name} has ${found}` : `${name} is not as it should be: ${found}`;
}

/**
 * Moves the traffic of all entries to where the stack file wants it, each by one PATCH, trying again until the cluster
 * can be reached.
 */
export async function shiftTraffic(
  project: Project,
  names: readonly string[],
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    names.map(async (name) => {
      const service = project.service(name);
      const weights = plannedWeights(service);
      const moved = await persist(() => moveTraffic(project.cluster, service, weights), report, signal);
      const slot = service.release.active;
      await report.add(
        moved
          ? { what: "traffic", data: { service: name, slot, weight: weights[slot] } }
          : note(`the route of ${name} has a shape that is not Slipway's: the engine will mend it`),
      );
    }),
  );
}
