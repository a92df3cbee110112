import type { Finding } from "../../config/finding.ts";
import type { Release } from "../../config/schema/releases.ts";
import { type Environment, otherSlot, SLOTS } from "../../lib/names.ts";
import { gateOf, type Planned, planSlots, type SlotPlan } from "./plan.ts";

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
function skippedSteps(service: Planned, { from, to }: Plans, before: Release, after: Release): Finding[] {
  if (after.phase === "rollback" || after.override !== undefined) return [];
  const gaining = otherSlot(before.active);
  const [was, wanted] = [from[gaining].weight, to[gaining].weight];
  const next = nextStep(service, was);
  const at = (key: string) => ["slipway:releases", service.name, key];
  if (wanted > next) {
    const key = wanted === 100 && after.phase === "steady" ? "active" : "weight";
    const what = `${gaining} would go from ${was} % to ${wanted} % in production; the next step is ${next} %`;
    return [{ path: at(key), what, remedy: ONE_BY_ONE }];
  }
  return skippedTests(service, { from, to }, before, after);
}

/** A smoke test may run one step ahead of the traffic, not more. */
function skippedTests(service: Planned, { from, to }: Plans, before: Release, after: Release): Finding[] {
  const slot = otherSlot(after.active);
  // A test says nothing about another release in the same slot.
  const tested = from[slot].release === to[slot].release && from.smoke?.slot === slot ? gateOf(before) : 0;
  const next = nextStep(service, tested);
  const gate = gateOf(after);
  if (gate <= Math.max(next, to[slot].weight)) return [];
  const what = `${to[slot].release} was tested for ${tested} % and would be tested for ${gate} % in production; the next step is ${next} %`;
  return [{ path: ["slipway:releases", service.name, "gate"], what, remedy: ONE_BY_ONE }];
}

const ONE_BY_ONE = "take the steps one by one, or give the reason in override";

function nextStep({ steps }: Planned, share: number): number {
  return steps.find((step) => step > share) ?? 100;
}
