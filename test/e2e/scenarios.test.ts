import { describe, expect, it } from "vitest";
import { loadScenarios, runScenario } from "../../scenarios/scenario.ts";

const scenarios = await loadScenarios();

describe("scenarios on the sandbox", () => {
  it.each(scenarios.map((scenario) => [scenario.id, scenario.title, scenario] as const))(
    "%s %s",
    async (_id, _title, scenario) => {
      const result = await runScenario(scenario);
      expect(result.result, result.evidence.join("\n")).toBe("passed");
    },
  );
});
