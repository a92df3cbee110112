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
const tested = (weight: number, gate: number, green = r42): Release => ({ ...canary(weight), gate, green });
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
    ["the test for the first step", steady, tested(0, 5)],
    ["the step that was tested", tested(0, 5), tested(5, 5)],
    ["the test for the next step", tested(5, 5), tested(5, 25)],
    ["the test for the last step", tested(25, 25), tested(25, 100)],
    ["the next step and the test for the one after it", tested(5, 25), tested(25, 100)],
    ["a test that is taken away", tested(5, 25), tested(5, 5)],
    ["a new release's first test after another's last", tested(0, 100), tested(0, 5, r43)],
    ["any test with a reason", steady, { ...tested(0, 100), override: "the old one leaks data" }],
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
    [
      "a skipped test",
      tested(5, 5),
      tested(5, 100),
      "gate: r42 was tested for 5 % and would be tested for 100 % in production; the next step is 25 %",
    ],
    [
      "a late first test",
      steady,
      tested(0, 25),
      "gate: r42 was tested for 0 % and would be tested for 25 % in production; the next step is 5 %",
    ],
    [
      "another release's test",
      tested(0, 5),
      tested(0, 25, r43),
      "gate: r43 was tested for 0 % and would be tested for 25 % in production; the next step is 5 %",
    ],
  ])("%s, in production only", (_, before, after, fault) => {
    expect(told(before, after)).toEqual([`slipway:releases.api.${fault}`]);
    expect(told(before, after, "staging")).toEqual([]);
  });
});
