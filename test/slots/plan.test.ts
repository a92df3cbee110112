import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Release } from "../../infra/config/schema/releases.ts";
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
      testers: "blue",
      smoke: undefined,
      waitsFor: { deployment: undefined, smoke: false },
      blue: {
        slot: "blue",
        role: "active",
        ...r41,
        replicas: 3,
        scale: undefined,
        weight: 100,
        config: { LOG_LEVEL: "info" },
        keepsSecrets: true,
        migratesTo: undefined,
      },
      green: {
        slot: "green",
        role: "empty",
        release: undefined,
        image: "acme/api:r41",
        replicas: 0,
        scale: undefined,
        weight: 0,
        config: { LOG_LEVEL: "info" },
        keepsSecrets: true,
        migratesTo: undefined,
      },
    });
  });

  test("of a canary shares the traffic, and moves it only once the candidate is up and tested", () => {
    const plan = planSlots(service, { phase: "canary", active: "blue", weight: 25, blue: r41, green: r42 });
    expect(plan.waitsFor).toEqual({ deployment: "green", smoke: true });
    expect(plan.smoke).toEqual({ slot: "green", release: "r42", step: 25 });
    expect(plan.blue).toMatchObject({ role: "active", weight: 75, replicas: 3 });
    expect(plan.green).toMatchObject({ role: "candidate", weight: 25, replicas: 3 });
  });

  test.each<[string, number, number | undefined, number | undefined, boolean]>([
    ["nothing yet", 0, undefined, undefined, false],
    ["nothing, by its own word", 0, 0, undefined, false],
    ["the first step, before it", 0, 5, 5, false],
    ["the step it is at", 5, undefined, 5, true],
    ["the next step, before it", 5, 25, 25, true],
  ])("of a canary tests the candidate for %s", (_, weight, gate, step, waits) => {
    const release: Release = { phase: "canary", active: "blue", weight, gate, blue: r41, green: r42 };
    const plan = planSlots(service, release);
    expect(plan.smoke?.step).toBe(step);
    expect(plan.waitsFor).toEqual({ deployment: "green", smoke: waits });
    expect(plan.green.weight).toBe(weight);
  });

  test("of a promoted release keeps the one before at full size", () => {
    const plan = planSlots(service, { phase: "steady", active: "green", blue: r41, green: r42 });
    expect(plan.blue).toMatchObject({ role: "idle", weight: 0, replicas: 3 });
    expect(plan.green).toMatchObject({ role: "active", weight: 100 });
    expect(plan.smoke).toBeUndefined();
  });

  test("of a rollback waits for nothing and tests nothing", () => {
    const plan = planSlots(service, { phase: "rollback", active: "blue", blue: r41, green: r42 });
    expect(plan.waitsFor).toEqual({ deployment: undefined, smoke: false });
    expect(plan.smoke).toBeUndefined();
    expect(plan.testers).toBe("blue");
    expect(plan.green).toMatchObject({ role: "withdrawn", weight: 0, replicas: 3 });
  });

  test("gives a release the variables it was made with", () => {
    const plan = planSlots(service, { phase: "steady", active: "green", blue: r41, green: r42 });
    expect(plan.green.config).toEqual({ LOG_LEVEL: "debug" });
    expect(plan.blue.config).toEqual({ LOG_LEVEL: "info" });
  });

  test.each<[string, Release, boolean, boolean]>([
    ["steady", { phase: "steady", active: "blue", blue: r41, green: r42 }, true, true],
    ["in a canary", { phase: "canary", active: "blue", weight: 5, blue: r41, green: r42 }, true, false],
    ["on the way back", { phase: "rollback", active: "blue", blue: r41, green: r42 }, true, true],
    ["before the first candidate", { phase: "steady", active: "blue", blue: r41 }, true, true],
  ])("gives today's secrets to a candidate only, %s", (_, release, blue, green) => {
    const plan = planSlots(service, release);
    expect([plan.blue.keepsSecrets, plan.green.keepsSecrets]).toEqual([blue, green]);
  });

  test("with an autoscaler starts at its smallest size, and none in an empty slot", () => {
    const scaled = { ...service, autoscale: { min: 2, max: 9, cpu: 70 } };
    const plan = planSlots(scaled, { phase: "steady", active: "blue", blue: r41 });
    expect(plan.blue).toMatchObject({ replicas: 2, scale: { min: 2, max: 9, cpu: 70, scaleDown: true } });
    expect(plan.green).toMatchObject({ replicas: 0, scale: undefined });
  });

  test("of a state that may not be is refused with the place of the fault", () => {
    expect(faultsOf(() => planSlots(service, { phase: "steady", active: "green", blue: r41 }))).toEqual([
      "slipway:releases.api.active: green is active but has no release\n  -> set active: blue",
    ]);
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
