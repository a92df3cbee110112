import { appSelector, slotSelector } from "../../lib/labels.ts";
import { SLOTS, type SlotName } from "../../lib/names.ts";
import { type Backend, type GatewayRef, HTTP_ROUTE, routeSpec } from "../../platform/model/route.ts";
import type { ResolvedService } from "../../services/resolve.ts";
import { identity, SERVICE_PORT, SKIP_AWAIT, slotName, TAKE_BACK } from "./manifests.ts";
import type { SlotPlan } from "./plan.ts";

/** Requests with this header and value go to the candidate while there is one. */
export const TESTERS = { header: "x-slipway-release", value: "candidate" } as const;

/**
 * The service's one HTTPRoute. Its first rule always names both slots, in one order, whatever their weights: an
 * emergency rollback patches those, past the engine, whose next run takes the field over again. The second rule is for
 * testers; while no candidate is there, they get what everybody gets.
 */
export function route(service: ResolvedService, plan: SlotPlan, gateway: GatewayRef) {
  const backend = (slot: SlotName, weight: number): Backend => ({
    name: slotName(service.name, slot),
    port: SERVICE_PORT,
    weight,
  });
  const shares = SLOTS.map((slot) => backend(slot, plan[slot].weight));
  const testers = { ...TESTERS, backends: [backend(plan.testers, 1)] };
  return {
    ...HTTP_ROUTE,
    metadata: {
      name: service.name,
      labels: { ...identity(service), ...appSelector(service.name) },
      annotations: TAKE_BACK,
    },
    spec: routeSpec(gateway, service.hostnames, shares, [testers]),
  };
}

/**
 * The live Service of a service that no gateway stands before: its selector names the slot that has the traffic. Not
 * awaited: the engine would wait ten seconds for endpoints that are known to be there.
 */
export function liveService(service: ResolvedService, plan: SlotPlan) {
  return {
    metadata: {
      name: service.name,
      // No label `app`: Prometheus would find each pod a second time.
      labels: identity(service),
      annotations: { ...SKIP_AWAIT, ...TAKE_BACK },
    },
    spec: {
      type: "ClusterIP",
      selector: slotSelector(service.name, heavier({ blue: plan.blue.weight, green: plan.green.weight })),
      ports: [{ name: "http", port: service.port, targetPort: "http", protocol: "TCP" }],
    },
  };
}

/** The slot with the larger share: where a live Service sends everything. */
export function heavier(weights: Readonly<Record<SlotName, number>>): SlotName {
  return weights.green > weights.blue ? "green" : "blue";
}
