import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Release } from "../../infra/config/schema/releases.ts";
import { otherSlot, SLOTS } from "../../infra/lib/names.ts";
import { checkRelease } from "../../infra/slots/model/check.ts";
import { planSlots, type SlotPlan } from "../../infra/slots/model/plan.ts";
import { checkTransition } from "../../infra/slots/model/transition.ts";
import { anyRelease } from "../support/releases.ts";

const service = { name: "api", steps: [5, 25, 100], replicas: 3, config: { LOG_LEVEL: "info" } };

const allowed = anyRelease.filter((release) => checkRelease(service, release).length === 0);

/** A property of the plan of every state that slots may be in. */
function always(property: (plan: SlotPlan, release: Release) => void): void {
  fc.assert(
    fc.property(allowed, (release) => property(planSlots(service, release), release)),
    { numRuns: 500 },
  );
}

describe("in every state that slots may be in", () => {
  test("the weights sum to 100 and none is negative", () => {
    always(({ blue, green }) => {
      expect(blue.weight + green.weight).toBe(100);
      expect(Math.min(blue.weight, green.weight)).toBeGreaterThanOrEqual(0);
    });
  });

  test("no slot without pods of its own release gets traffic, not from testers either", () => {
    always((plan) => {
      for (const slot of SLOTS) {
        if (plan[slot].weight === 0 && plan.testers !== slot) continue;
        expect(plan[slot]).toMatchObject({ release: expect.any(String), replicas: 3 });
        expect(plan[slot].role).not.toBe("withdrawn");
      }
    });
  });

  test("an empty slot has no pods, every other is at full size", () => {
    always((plan) => {
      for (const slot of SLOTS) expect(plan[slot].replicas).toBe(plan[slot].role === "empty" ? 0 : 3);
    });
  });

  test("a share of the traffic waits for a test that speaks for at least as much", () => {
    always((plan, { active }) => {
      const share = plan[otherSlot(active)].weight;
      expect(plan.waitsFor.smoke).toBe(share > 0);
      if (share === 0) return;
      expect(plan.waitsFor.deployment).toBe(otherSlot(active));
      expect(plan.smoke?.slot).toBe(otherSlot(active));
      expect(plan.smoke?.step).toBeGreaterThanOrEqual(share);
    });
  });

  test("the same configuration gives the same plan: running again changes nothing", () => {
    always((plan, release) => {
      expect(planSlots(service, structuredClone(release))).toEqual(plan);
    });
  });
});

/** What users have: who serves which share of them, and with what. */
function seen(plan: SlotPlan) {
  return SLOTS.filter((slot) => plan[slot].weight > 0).map((slot) => {
    const { weight, release, image, config } = plan[slot];
    return { slot, weight, release, image, config };
  });
}

describe("over the whole life of a service", () => {
  /** Walks from state to state as production may, trying one random state after the other. */
  function walk(tries: readonly Release[]): Release[] {
    const start: Release = { phase: "steady", active: "blue", blue: { release: "r1", image: "acme/api:r1" } };
    const path = [start];
    for (const next of tries) {
      const here = path.at(-1) ?? start;
      if (checkTransition(service, "production", here, next).length === 0) path.push(next);
    }
    return path;
  }

  const lives = fc.array(allowed, { minLength: 20, maxLength: 60 }).map(walk);

  test("traffic never comes to a slot whose image changes under it", () => {
    fc.assert(
      fc.property(lives, (life) => {
        for (const [index, release] of life.entries()) {
          const [from, to] = [planSlots(service, life[index - 1] ?? release), planSlots(service, release)];
          for (const slot of SLOTS) {
            if (from[slot].weight > 0) expect(to[slot].image).toBe(from[slot].image);
          }
        }
      }),
    );
  });

  test("traffic grows by one step at a time, unless a reason is given", () => {
    const ladder = [0, 5, 25, 100];
    fc.assert(
      fc.property(lives, (life) => {
        for (const [index, release] of life.entries()) {
          const before = life[index - 1];
          if (before === undefined || release.phase === "rollback" || release.override !== undefined)
            continue;
          const slot = otherSlot(before.active);
          const [was, is] = [before, release].map((state) => planSlots(service, state)[slot].weight);
          expect(ladder.indexOf(is ?? -1)).toBeLessThanOrEqual(ladder.indexOf(was ?? -1) + 1);
        }
      }),
    );
  });

  test("walks are long enough to say something", () => {
    const lengths = fc.sample(lives, { numRuns: 100, seed: 1 }).map((life) => life.length);
    expect(Math.max(...lengths)).toBeGreaterThan(5);
  });
});

describe("forward then back", () => {
  const steady = allowed.filter(({ phase }) => phase === "steady");
  const candidate = { release: "r9", image: "acme/api:r9", config: { LOG_LEVEL: "trace" } };

  test("is the identity for users, from every step", () => {
    fc.assert(
      fc.property(steady, fc.constantFrom(0, 5, 25, 100), (before, weight) => {
        const slots = { active: before.active, [before.active]: before[before.active] };
        const forward: Release = { ...slots, [otherSlot(before.active)]: candidate, phase: "canary", weight };
        const { weight: _, ...rest } = forward;
        const back: Release = { ...rest, phase: "rollback" };
        const path = [before, forward, back].map((release) => planSlots(service, release));
        expect(seen(path[2] as SlotPlan)).toEqual(seen(path[0] as SlotPlan));
        expect(path[2]?.testers).toBe(path[0]?.testers);
        expect(path[2]?.[before.active]).toEqual(path[0]?.[before.active]);
      }),
    );
  });

  test("is the identity for users after a promotion, too", () => {
    fc.assert(
      fc.property(steady, (before) => {
        const other = otherSlot(before.active);
        const slots = { [before.active]: before[before.active], [other]: candidate };
        const after = planSlots(service, { ...slots, phase: "steady", active: other });
        const back = planSlots(service, { ...slots, phase: "rollback", active: before.active });
        expect(seen(after)).toEqual([{ slot: other, weight: 100, ...candidate }]);
        expect(seen(back)).toEqual(seen(planSlots(service, before)));
      }),
    );
  });
});
