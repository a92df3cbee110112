import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Release } from "../../infra/config/schema/releases.ts";
import { otherSlot } from "../../infra/lib/names.ts";
import { checkRelease } from "../../infra/slots/model/check.ts";
import { planSlots } from "../../infra/slots/model/plan.ts";
import { faultsOf } from "../support/faults.ts";
import { anyRelease } from "../support/releases.ts";

const service = { name: "api", steps: [5, 25, 100], replicas: 3, config: { LOG_LEVEL: "info" } };
const r41 = { release: "r41", image: "acme/api:r41" };
const r42 = { release: "r42", image: "acme/api:r42", config: { LOG_LEVEL: "debug" } };

describe("a plan", () => {
  test("of the first release leaves the other slot empty but there", () => {
    expect(planSlots(service, { phase: "steady", active: "blue", blue: r41 })).toEqual({
      phase: "steady",
      gate: undefined,
      blue: { slot: "blue", role: "active", ...r41, replicas: 3, weight: 100, config: { LOG_LEVEL: "info" } },
      green: {
        slot: "green",
        role: "empty",
        release: undefined,
        image: "acme/api:r41",
        replicas: 0,
        weight: 0,
        config: { LOG_LEVEL: "info" },
      },
    });
  });

  test("of a canary shares the traffic, and moves it only once the candidate is up", () => {
    const plan = planSlots(service, { phase: "canary", active: "blue", weight: 25, blue: r41, green: r42 });
    expect(plan.gate).toBe("green");
    expect(plan.blue).toMatchObject({ role: "active", weight: 75, replicas: 3 });
    expect(plan.green).toMatchObject({ role: "candidate", weight: 25, replicas: 3 });
  });

  test("of a promoted release keeps the one before at full size", () => {
    const plan = planSlots(service, { phase: "steady", active: "green", blue: r41, green: r42 });
    expect(plan.blue).toMatchObject({ role: "idle", weight: 0, replicas: 3 });
    expect(plan.green).toMatchObject({ role: "active", weight: 100 });
  });

  test("of a rollback waits for nothing", () => {
    const plan = planSlots(service, { phase: "rollback", active: "blue", blue: r41, green: r42 });
    expect(plan.gate).toBeUndefined();
    expect(plan.green).toMatchObject({ role: "withdrawn", weight: 0, replicas: 3 });
  });

  test("gives a release the variables it was made with", () => {
    const plan = planSlots(service, { phase: "steady", active: "green", blue: r41, green: r42 });
    expect(plan.green.config).toEqual({ LOG_LEVEL: "debug" });
    expect(plan.blue.config).toEqual({ LOG_LEVEL: "info" });
  });

  test("of a state that may not be is refused with the place of the fault", () => {
    expect(faultsOf(() => planSlots(service, { phase: "steady", active: "green", blue: r41 }))).toEqual([
      "slipway:releases.api.active: green is active but has no release\n  -> set active: blue",
    ]);
  });
});

describe("whatever the configuration", () => {
  /** A property of every state that slots may be in. */
  function always(property: (release: Release) => void): void {
    fc.assert(
      fc.property(
        anyRelease.filter((release) => checkRelease(service, release).length === 0),
        property,
      ),
      { numRuns: 500 },
    );
  }

  test("the weights sum to 100 and none is negative", () => {
    always((release) => {
      const { blue, green } = planSlots(service, release);
      expect(blue.weight + green.weight).toBe(100);
      expect(Math.min(blue.weight, green.weight)).toBeGreaterThanOrEqual(0);
    });
  });

  test("no slot without pods of its own release gets traffic", () => {
    always((release) => {
      const { blue, green } = planSlots(service, release);
      for (const slot of [blue, green]) {
        if (slot.weight > 0) expect(slot).toMatchObject({ release: expect.any(String), replicas: 3 });
      }
    });
  });

  test("an empty slot has no pods, every other is at full size", () => {
    always((release) => {
      const plan = planSlots(service, release);
      for (const slot of [plan.blue, plan.green]) expect(slot.replicas).toBe(slot.role === "empty" ? 0 : 3);
    });
  });

  test("forward then back is where it was", () => {
    always((release) => {
      if (release.phase !== "canary") return;
      const { weight: _, ...rest } = release;
      const before = planSlots(service, { ...rest, phase: "steady" });
      const back: Release = { ...rest, phase: "rollback" };
      if (checkRelease(service, back).length > 0) return;
      const after = planSlots(service, back);
      expect(after[release.active]).toEqual(before[release.active]);
      expect(after[otherSlot(release.active)].weight).toBe(0);
    });
  });

  test("the same configuration gives the same plan", () => {
    always((release) => {
      expect(planSlots(service, structuredClone(release))).toEqual(planSlots(service, release));
    });
  });

  test("a state is either planned or refused with a reason, never neither", () => {
    fc.assert(
      fc.property(anyRelease, (release) => {
        const faults = faultsOf(() => planSlots(service, release));
        expect(faults).toHaveLength(checkRelease(service, release).length);
        for (const fault of faults) expect(fault).toMatch(/^slipway:releases\.api\.[\w.]+: .+\n {2}-> .+$/);
      }),
    );
  });
});
