import { describe, expect, test } from "vitest";
import { formatPath } from "../../infra/config/finding.ts";
import type { Release } from "../../infra/config/schema/releases.ts";
import type { Environment } from "../../infra/lib/names.ts";
import { checkTransition } from "../../infra/slots/model/transition.ts";

const service = { name: "api", steps: [5, 25, 100], replicas: 2, config: {} };
const r41 = { release: "r41", image: "acme/api:r41" };
const r42 = { release: "r42", image: "acme/api:r42" };
const r43 = { release: "r43", image: "acme/api:r43" };

const steady: Release = { phase: "steady", active: "blue", blue: r41 };
const canary = (weight: number): Release => ({
  phase: "canary",
  active: "blue",
  weight,
  blue: r41,
  green: r42,
});
const promoted: Release = { phase: "steady", active: "green", blue: r41, green: r42 };

function told(before: Release, after: Release, environment: Environment = "production"): string[] {
  return checkTransition(service, environment, before, after).map(
    ({ path, what }) => `${formatPath(path)}: ${what}`,
  );
}

describe("allowed in production", () => {
  test.each<[string, Release, Release]>([
    ["nothing changes", steady, steady],
    ["a candidate is deployed", steady, canary(0)],
    ["the first step", canary(0), canary(5)],
    ["the first step at once", steady, canary(5)],
    ["the next step", canary(5), canary(25)],
    ["the last step", canary(25), canary(100)],
    ["promotion after the last step", canary(100), promoted],
    ["promotion as the last step", canary(25), promoted],
    ["a step down", canary(25), canary(5)],
    ["back from any step", canary(100), { phase: "rollback", active: "blue", blue: r41, green: r42 }],
    [
      "back hours after the promotion",
      promoted,
      { phase: "rollback", active: "blue", blue: r41, green: r42 },
    ],
    ["a new release into the idle slot", promoted, { ...promoted, blue: r43 }],
    ["all at once with a reason", steady, { ...promoted, override: "the old one leaks data" }],
  ])("%s", (_, before, after) => {
    expect(told(before, after)).toEqual([]);
  });
});

describe("refused", () => {
  test("another image under the users of a slot", () => {
    expect(told(steady, { ...steady, blue: r42 })).toEqual([
      'slipway:releases.api.blue.image: blue serves 100 % of the traffic: its image cannot change from "acme/api:r41" to "acme/api:r42"',
    ]);
    expect(told(canary(5), { ...canary(5), green: r43 })).toEqual([
      'slipway:releases.api.green.image: green serves 5 % of the traffic: its image cannot change from "acme/api:r42" to "acme/api:r43"',
    ]);
  });

  test.each<[string, Release, Release, string]>([
    [
      "a skipped step",
      canary(5),
      canary(100),
      "weight: green would go from 5 % to 100 % in production; the next step is 25 %",
    ],
    [
      "no steps at all",
      steady,
      promoted,
      "active: green would go from 0 % to 100 % in production; the next step is 5 %",
    ],
    [
      "an early promotion",
      canary(5),
      promoted,
      "active: green would go from 5 % to 100 % in production; the next step is 25 %",
    ],
  ])("%s, in production only", (_, before, after, fault) => {
    expect(told(before, after)).toEqual([`slipway:releases.api.${fault}`]);
    expect(told(before, after, "staging")).toEqual([]);
  });
});
