import { describe, expect, test } from "vitest";
import type { Draft } from "../../infra/config/finding.ts";
import { formatPath } from "../../infra/config/finding.ts";
import { catalogue } from "../../infra/services/catalogue.ts";
import { serviceRules } from "../../infra/services/rules.ts";
import { configOf } from "../support/config.ts";

const demo = catalogue.get("demo") ?? expect.unreachable();
const autoscale = { min: 2, max: 6, cpu: 70 };

/** What the rules say of one service of the sandbox, changed in its stack file and in the catalogue. */
function told(
  here: Partial<Draft["config"]["services"] & object>["demo"],
  entry: Partial<typeof demo> = {},
  environment: "sandbox" | "production" = "sandbox",
): string[] {
  const config = { ...configOf("sandbox"), environment, services: { demo: here } };
  const draft = { stack: environment, config, secrets: new Set<string>() } as Draft;
  return serviceRules(new Map([["demo", { ...demo, ...entry }]]))
    .flatMap((rule) => rule(draft))
    .map(({ path, what, remedy }) => `${formatPath(path)}: ${what} -> ${remedy}`);
}

describe("a service is refused", () => {
  test("that the gateway serves under no name", () => {
    expect(told({ hostnames: [] })).toEqual([
      "slipway:services.demo.hostnames: is missing: the gateway serves it under a name -> list at least 1",
    ]);
  });

  test("with names that no gateway serves", () => {
    const tcp = { kind: "tcp" as const, steps: [100] };
    expect(told({ hostnames: ["demo.localhost"] }, tcp)).toEqual([
      "slipway:services.demo.hostnames: no gateway serves demo: its kind is tcp -> remove it",
    ]);
    expect(told({ hostnames: [] }, tcp)).toEqual([]);
  });

  test("with a number of pods that the autoscaler would overrule", () => {
    const fault =
      "slipway:services.demo.replicas: has no effect: the autoscaler decides how many pods there are -> remove it, or set autoscale.min";
    expect(told({ hostnames: ["demo.localhost"], replicas: 3 }, { autoscale })).toEqual([fault]);
    expect(told({ hostnames: ["demo.localhost"], replicas: 3, autoscale })).toEqual([fault]);
    expect(told({ hostnames: ["demo.localhost"], autoscale })).toEqual([]);
  });

  test("that an autoscaler may leave with one pod, in production", () => {
    const one = { hostnames: ["demo.localhost"], autoscale: { ...autoscale, min: 1 } };
    expect(told(one, {}, "production")).toEqual([
      "slipway:services.demo.autoscale.min: found 1: in production one pod is an outage whenever its node goes -> write at least 2",
    ]);
    expect(told(one)).toEqual([]);
    expect(told({ ...one, autoscale }, { replicas: 1 }, "production")).toEqual([]);
  });
});
