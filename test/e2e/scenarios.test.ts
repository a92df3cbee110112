import { describe, expect, it } from "vitest";
import { loadScenarios, runScenario } from "../../scenarios/scenario.ts";

/**
 * Scenarios that belong to the tests: the sandbox's own, and of the releases one of each kind (all the way, taken back by
 * a verdict, killed driver, refused rollback). `npm run scenarios` proves all of them; that takes half an hour.
 */
const IN_TESTS = /^(S\d+|1\.1|3\.1a|3\.2b|R1)$/;

/** Longer than all that a scenario waits for on a slow machine: one that is cut off leaves its release on its way. */
const PATIENCE_MS = 1_800_000;

const scenarios = (await loadScenarios()).filter(({ id }) => IN_TESTS.test(id));

describe("scenarios on the sandbox", () => {
  it("are those that are meant", () => {
    expect(scenarios.map(({ id }) => id)).toEqual([
      "1.1",
      "3.1a",
      "3.2b",
      "R1",
      "S1",
      "S2",
      "S3",
      "S4",
      "S5",
    ]);
  });

  it.each(scenarios.map((scenario) => [scenario.id, scenario.title, scenario] as const))(
    "%s %s",
    async (_id, _title, scenario) => {
      const result = await runScenario(scenario);
      expect(result.result, result.evidence.join("\n")).toBe("passed");
    },
    PATIENCE_MS,
  );
});
