import { SLOTS, type SlotName } from "../../infra/lib/names.ts";
import type { ResolvedService } from "../../infra/services/resolve.ts";
import { slotName } from "../../infra/slots/model/manifests.ts";
import { planSlots } from "../../infra/slots/model/plan.ts";
import { liveWeights } from "../../infra/slots/model/traffic.ts";
import type { Finding } from "../../machine/check.ts";
import type { KubernetesObject } from "../cluster.ts";
import { formatWeights, plannedWeights } from "../driver/traffic.ts";
import { type Deployment, slotHealth } from "../pods.ts";

const RESTORED = "pulumi up --refresh brings it back; if it was meant, write it into the stack file";

/** The fault of an object that the engine believes to be there. */
export function missing(what: string, namespace: string, stack: string): Finding {
  const detail = `there is no ${what} in ${namespace}`;
  return { status: "fail", detail, remedy: `pulumi up --refresh --stack ${stack} makes it` };
}

/**
 * Whether the traffic is shared as the stack file says: somebody may have edited it by hand.
 * @param object the service's route, or its live Service
 */
export function trafficFinding(service: ResolvedService, object: KubernetesObject): Finding {
  const live = liveWeights(object);
  const planned = plannedWeights(service);
  if (live === undefined) {
    const detail = "was changed by hand: it is not shared between the two slots alone";
    return { status: "warn", detail, remedy: RESTORED };
  }
  if (SLOTS.every((slot) => live[slot] === planned[slot]))
    return { status: "ok", detail: formatWeights(live) };
  const detail = `was changed by hand: ${formatWeights(live)}, the stack file says ${formatWeights(planned)}`;
  return { status: "warn", detail, remedy: RESTORED };
}

/** Whether the slots run the images that the stack file names. */
export function imagesFinding(
  service: ResolvedService,
  deployments: Readonly<Record<SlotName, Deployment | undefined>>,
  stack: string,
): Finding {
  const absent = SLOTS.find((slot) => deployments[slot] === undefined);
  if (absent !== undefined)
    return missing(`deployment ${slotName(service.name, absent)}`, service.namespace, stack);
  const plan = planSlots(service, service.release);
  const filled = SLOTS.map((slot) => plan[slot]).filter(({ role }) => role !== "empty");
  const drifted = filled.flatMap(({ slot, image }) => {
    const live = slotHealth(deployments[slot]).image;
    return live === image ? [] : [`${slot} runs ${live}, the stack file says ${image}`];
  });
  if (drifted.length > 0) return { status: "warn", detail: drifted.join("; "), remedy: RESTORED };
  return { status: "ok", detail: filled.map(({ slot, release }) => `${slot} ${release}`).join(", ") };
}

/**
 * Whether there is a version to go back to. A release of a service that is down has none; it goes on only where a reason
 * for skipping the safeguards is given, since it may be what mends the service.
 */
export function activeFinding(
  { name, namespace, release }: ResolvedService,
  deployment: Deployment | undefined,
  override: string | undefined,
): Finding {
  const { ready, wanted } = slotHealth(deployment);
  const detail = `${release[release.active]?.release} in ${release.active}: ${ready} of ${wanted} pods ready`;
  if (ready > 0 && ready >= wanted) return { status: "ok", detail };
  const look = `kubectl describe deployment ${slotName(name, release.active)} --namespace ${namespace}`;
  if (ready > 0) return { status: "warn", detail, remedy: `see what holds up the others: ${look}` };
  return {
    status: override === undefined ? "fail" : "warn",
    detail: `${detail}: there is nothing to go back to`,
    remedy: `mend it first (${look}); if this release is what mends it, give the reason with --override`,
  };
}
