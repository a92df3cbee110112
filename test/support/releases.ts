import fc from "fast-check";
import { PHASES, type Release, type SlotRelease } from "../../infra/config/schema/releases.ts";
import { SLOTS } from "../../infra/lib/names.ts";

const slotRelease: fc.Arbitrary<SlotRelease> = fc.record(
  {
    release: fc.constantFrom("r1", "r2", "r3"),
    image: fc.constantFrom("acme/api:r1", "acme/api:r2", "acme/api:r3"),
    schema: fc
      .tuple(fc.nat({ max: 5 }), fc.nat({ max: 5 }))
      .map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) })),
    config: fc.constantFrom<Record<string, string>>({}, { LOG_LEVEL: "debug" }),
  },
  { requiredKeys: ["release", "image"] },
);

/** Any entry of `slipway:releases` that has the right shape, whether slots may be in that state or not. */
export const anyRelease: fc.Arbitrary<Release> = fc.record(
  {
    phase: fc.constantFrom(...PHASES),
    active: fc.constantFrom(...SLOTS),
    weight: fc.constantFrom(0, 5, 25, 30, 100),
    gate: fc.constantFrom(0, 5, 25, 30, 100),
    override: fc.constant("an outage at the provider"),
    blue: slotRelease,
    green: slotRelease,
  },
  { requiredKeys: ["phase", "active"] },
);
