import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { SLOTS } from "../../infra/lib/names.ts";
import type { ResolvedService } from "../../infra/services/resolve.ts";
import { planSlots } from "../../infra/slots/model/plan.ts";
import { liveWeights, trafficPatch, type Weights } from "../../infra/slots/model/traffic.ts";
import { type Cluster, type KubernetesObject, Refused } from "../cluster.ts";
import type { Project } from "../project.ts";
import { note, type Report } from "./report.ts";

/** The shares that a service's entry in the stack file asks for. */
export function plannedWeights(service: ResolvedService): Weights {
  const { blue, green } = planSlots(service, service.release);
  return { blue: blue.weight, green: green.weight };
}

/**
 * Gives the slots their shares by one PATCH, past the engine: its next run takes the field over.
 * @param time nothing is moved before it, nor ever where it is rejected; see {@link Cluster.patchWhen}
 * @returns false where there is no route of the shape that Slipway gave it: then only the engine can mend it.
 */
export async function moveTraffic(
  cluster: Cluster,
  service: ResolvedService,
  weights: Weights,
  time: Promise<unknown> = Promise.resolve(),
): Promise<boolean> {
  const { head, operations } = trafficPatch(service, weights);
  try {
    await cluster.patchWhen(time, head, operations);
    return true;
  } catch (error) {
    if (error instanceof Refused && ["Invalid", "NotFound"].includes(error.reason)) return false;
    throw error;
  }
}

/** The shares that the cluster has; undefined where there is no route, or one of a foreign shape. */
export async function currentWeights(
  cluster: Cluster,
  service: ResolvedService,
): Promise<Weights | undefined> {
  const { object } = trafficPatch(service, { blue: 0, green: 0 });
  const live = await cluster.get<KubernetesObject>(object);
  return live === undefined ? undefined : liveWeights(live);
}

/** `blue 95 / green 5` */
export function formatWeights(weights: Weights | undefined): string {
  if (weights === undefined) return "unknown";
  return SLOTS.map((slot) => `${slot} ${weights[slot]}`).join(" / ");
}

/** How often to compare the cluster with the stack file while nothing should move, in milliseconds. */
const HOLD_MS = 1_000;

/**
 * Keeps the traffic where the stack file wants it until aborted, and ends at once then: what somebody changes past Slipway
 * is told and put back. A cluster that does not answer is asked again. Where the file says something else by now,
 * somebody else drives, and is left to it.
 */
export async function holdTraffic(
  project: Project,
  names: readonly string[],
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const over = new Promise<undefined>((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
    if (signal.aborted) resolve(undefined);
  });
  const told = new Set<string>();
  while (!signal.aborted) {
    for (const name of names) await restore(name).catch(() => {});
    await sleep(HOLD_MS, undefined, { signal, ref: false }).catch(() => {});
  }

  async function restore(name: string): Promise<void> {
    const service = project.service(name);
    const planned = plannedWeights(service);
    const live = await Promise.race([currentWeights(project.cluster, service), over]);
    if (signal.aborted || isDeepStrictEqual(live, planned)) return;
    const changed = await project.changed([name]);
    if (signal.aborted || changed.length > 0) return;
    const moved = live !== undefined && (await moveTraffic(project.cluster, service, planned));
    if (moved) {
      const change = `${formatWeights(live)} instead of ${formatWeights(planned)}`;
      await report.add(note(`the route of ${name} was changed past Slipway (${change}); put back`));
    } else if (!told.has(name)) {
      told.add(name);
      await report.add(note(`the route of ${name} was changed past Slipway: ${FOREIGN}`));
    }
  }
}

/** What is told where only the engine can mend a route. */
const FOREIGN =
  "it does not share the traffic between the two slots any more; the next change of its weights mends it";
