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
 * @returns false where the route does not have the shape that Slipway gave it: then only the engine can mend it.
 */
export async function moveTraffic(
  cluster: Cluster,
  service: ResolvedService,
  weights: Weights,
): Promise<boolean> {
  const { object, operations } = trafficPatch(service, weights);
  try {
    await cluster.patch(object, operations);
    return true;
  } catch (error) {
    if (error instanceof Refused && error.reason === "Invalid") return false;
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
 * Keeps the traffic where the stack file wants it until aborted: what somebody changes past Slipway is told and put back.
 * A cluster that does not answer is asked again.
 */
export async function holdTraffic(
  project: Project,
  names: readonly string[],
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    for (const service of names.map((name) => project.service(name))) {
      await restore(project.cluster, service, report).catch(() => {});
    }
    await sleep(HOLD_MS, undefined, { signal, ref: false }).catch(() => {});
  }
}

async function restore(cluster: Cluster, service: ResolvedService, report: Report): Promise<void> {
  const planned = plannedWeights(service);
  const live = await currentWeights(cluster, service);
  if (live === undefined || isDeepStrictEqual(live, planned)) return;
  await moveTraffic(cluster, service, planned);
  const change = `${formatWeights(live)} instead of ${formatWeights(planned)}`;
  await report.add(note(`the route of ${service.name} was changed past Slipway (${change}); put back`));
}
