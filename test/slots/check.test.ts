import { describe, expect, test } from "vitest";
import { formatPath } from "../../infra/config/finding.ts";
import type { Release, SlotRelease } from "../../infra/config/schema/releases.ts";
import { checkRelease } from "../../infra/slots/model/check.ts";

const service = { name: "api", steps: [5, 25, 100] };
const r41: SlotRelease = { release: "r41", image: "acme/api:r41", schema: { min: 12, max: 14 } };
const r42: SlotRelease = { release: "r42", image: "acme/api:r42", schema: { min: 13, max: 15 } };
const tooNew: SlotRelease = { release: "r43", image: "acme/api:r43", schema: { min: 15, max: 16 } };

function told(release: Release): string[] {
  return checkRelease(service, release).map(({ path, what, remedy }) =>
    [`${formatPath(path).replace("slipway:releases.api.", "")}: ${what}`, remedy].join(" -> "),
  );
}

describe("slots may be", () => {
  test.each<[string, Release]>([
    ["at their first release", { phase: "steady", active: "blue", blue: r41 }],
    [
      "steady with the release before still there",
      { phase: "steady", active: "green", blue: r41, green: r42 },
    ],
    ["at a candidate without traffic", { phase: "canary", active: "blue", weight: 0, blue: r41, green: r42 }],
    ["at a step", { phase: "canary", active: "blue", weight: 25, blue: r41, green: r42 }],
    [
      "tested for the next step",
      { phase: "canary", active: "blue", weight: 5, gate: 25, blue: r41, green: r42 },
    ],
    [
      "tested without traffic",
      { phase: "canary", active: "blue", weight: 0, gate: 5, blue: r41, green: r42 },
    ],
    [
      "untested without traffic",
      { phase: "canary", active: "blue", weight: 0, gate: 0, blue: r41, green: r42 },
    ],
    ["at the last step", { phase: "canary", active: "green", weight: 100, blue: r42, green: r41 }],
    ["on the way back", { phase: "rollback", active: "blue", blue: r41, green: r42 }],
  ])("%s", (_, release) => {
    expect(told(release)).toEqual([]);
  });
});

describe("slots may not", () => {
  test.each<[string, Release, string]>([
    [
      "have nothing in the active one",
      { phase: "steady", active: "green", blue: r41 },
      "active: green is active but has no release -> set active: blue",
    ],
    [
      "have nothing at all",
      { phase: "steady", active: "blue" },
      "active: blue is active but has no release -> give blue a release",
    ],
    [
      "send traffic to an empty one",
      { phase: "canary", active: "blue", weight: 5, blue: r41 },
      "green: 5 % of the traffic would go to green, which is empty -> give green a release, or set phase: steady",
    ],
    [
      "be in a canary without a candidate",
      { phase: "canary", active: "blue", weight: 0, blue: r41 },
      "green: phase canary, but green has no release -> give green a release, or set phase: steady",
    ],
    [
      "have the active release as candidate",
      { phase: "canary", active: "blue", weight: 5, blue: r41, green: { ...r42, release: "r41" } },
      "green.release: the candidate is r41, which is active in blue already -> nothing to release: set phase: steady",
    ],
    [
      "be in a canary without a weight",
      { phase: "canary", active: "blue", blue: r41, green: r42 },
      "weight: is missing: the candidate's share in per cent -> write 0 or one of 5, 25, 100",
    ],
    [
      "be between steps",
      { phase: "canary", active: "blue", weight: 30, blue: r41, green: r42 },
      "weight: found 30, which is not a step -> write 0 or one of 5, 25, 100",
    ],
    [
      "be tested between steps",
      { phase: "canary", active: "blue", weight: 5, gate: 30, blue: r41, green: r42 },
      "gate: found 30, which is not a step -> write 0 or one of 5, 25, 100",
    ],
    [
      "have more traffic than they were tested for",
      { phase: "canary", active: "blue", weight: 25, gate: 5, blue: r41, green: r42 },
      "gate: found 5, below the weight: 25 % of the traffic would go where only 5 % were tested for -> write at least 25, or leave it out",
    ],
    [
      "be tested while steady",
      { phase: "steady", active: "blue", gate: 5, blue: r41, green: r42 },
      "gate: found 5: in phase steady nothing is tested -> remove it, or set phase: canary",
    ],
    [
      "be tested on the way back",
      { phase: "rollback", active: "blue", gate: 5, blue: r41, green: r42 },
      "gate: found 5: in phase rollback nothing is tested -> remove it, or set phase: canary",
    ],
    [
      "share the traffic while steady",
      { phase: "steady", active: "blue", weight: 25, blue: r41, green: r42 },
      "weight: found 25: in phase steady all traffic goes to blue -> remove it, or set phase: canary",
    ],
    [
      "share the traffic on the way back",
      { phase: "rollback", active: "blue", weight: 5, blue: r41, green: r42 },
      "weight: found 5: in phase rollback all traffic goes to blue -> remove it, or set phase: canary",
    ],
    [
      "go back from nothing",
      { phase: "rollback", active: "blue", blue: r41 },
      "phase: phase rollback, but green has no release to go back from -> set phase: steady",
    ],
    [
      "hold releases that no schema serves both",
      { phase: "canary", active: "blue", weight: 5, blue: r41, green: tooNew },
      "green.schema: r43 works with schema 15..16, r41 with 12..14: none serves both -> put a release between them that works with both",
    ],
    [
      "go back outside of the schema range",
      { phase: "rollback", active: "blue", blue: r41, green: tooNew },
      "blue.schema: r43 has brought the schema to 15 at least; r41 works up to 14 -> go forward instead: release a fixed version that works with schema 15",
    ],
  ])("%s", (_, release, fault) => {
    expect(told(release)).toEqual([fault]);
  });
});

test("every fault of a state is told at once", () => {
  expect(told({ phase: "rollback", active: "blue", weight: 5, gate: 5, blue: r41 })).toHaveLength(3);
  expect(told({ phase: "canary", active: "blue", weight: 30, gate: 31, blue: r41 })).toHaveLength(3);
});

test("a release that says nothing about a schema is not held to one", () => {
  const { schema: _, ...silent } = tooNew;
  expect(told({ phase: "canary", active: "blue", weight: 5, blue: r41, green: silent })).toEqual([]);
  expect(told({ phase: "rollback", active: "blue", blue: r41, green: silent })).toEqual([]);
});
