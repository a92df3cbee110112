import type { Finding } from "../../config/finding.ts";
import type { Release } from "../../config/schema/releases.ts";
import { type Environment, otherSlot, SLOTS } from "../../lib/names.ts";
import { type Planned, planSlots, type SlotPlan } from "./plan.ts";

/**
 * Why a service may not go from one entry of `slipway:releases` to another, both being allowed in themselves.
 * For whoever has both: the release driver, and the review of a change.
 */
export function checkTransition(
  service: Planned,
  environment: Environment,
  before: Release,
  after: Release,
): Finding[] {
  const plans = { from: planSlots(service, before), to: planSlots(service, after) };
  return [
    ...changedLive(service, plans),
    ...(environment === "production" ? skippedSteps(service, plans, before, after) : []),
  ];
}

interface Plans {
  readonly from: SlotPlan;
  readonly to: SlotPlan;
}

/** A slot's image is changed while nobody uses it, never under its users. */
function changedLive({ name }: Planned, { from, to }: Plans): Finding[] {
  return SLOTS.filter((slot) => from[slot].weight > 0 && from[slot].image !== to[slot].image).map((slot) => ({
    path: ["slipway:releases", name, slot, "image"],
    what: `${slot} serves ${from[slot].weight} % of the traffic: its image cannot change from "${from[slot].image}" to "${to[slot].image}"`,
    remedy: `put the new image into ${otherSlot(slot)}`,
  }));
}

/** Traffic moves up one step at a time; down, and back to what was active before, always at once. */
function skippedSteps(
  { name, steps }: Planned,
  { from, to }: Plans,
  before: Release,
  after: Release,
): Finding[] {
  if (after.phase === "rollback" || after.override !== undefined) return [];
  const gaining = otherSlot(before.active);
  const was = from[gaining].weight;
  const next = steps.find((step) => step > was) ?? 100;
  const wanted = to[gaining].weight;
  if (wanted <= next) return [];
  return [
    {
      path: ["slipway:releases", name, wanted === 100 && after.phase === "steady" ? "active" : "weight"],
      what: `${gaining} would go from ${was} % to ${wanted} % in production; the next step is ${next} %`,
      remedy: "take the steps one by one, or give the reason in override",
    },
  ];
}
