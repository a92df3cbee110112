import { describe, expect, it } from "vitest";
import { hasMoved, passageOf, type Telling, tellingOf } from "../../../release/drill/observe.ts";
import type { Answer } from "../../../release/drill/probe.ts";

const MOVE = { since: 1_000, leaving: "r2", arriving: "r1" };

function from(release: string | undefined, ...times: readonly number[]): Answer[] {
  return times.map((at) => ({ at, release }));
}

function failed(at: number, fault = "503"): Answer {
  return { at, release: undefined, fault };
}

describe("what answers say before anything is moved", () => {
  it.each<[string, readonly Answer[], Telling]>([
    ["all of them name the release", from("r2", 1, 2), { kind: "release" }],
    ["a failed one says nothing", [...from("r2", 1), failed(2)], { kind: "release" }],
    ["some do not name theirs", [...from("r2", 1), ...from(undefined, 2)], { kind: "silent" }],
    ["one comes from elsewhere", [...from("r2", 1), ...from("r3", 2)], { kind: "other", release: "r3" }],
    ["none comes", [failed(1, "ECONNREFUSED")], { kind: "unreachable", fault: "ECONNREFUSED" }],
    ["none was due", [], { kind: "unreachable", fault: "no answer" }],
  ])("%s", (_, answers, telling) => {
    expect(tellingOf(answers, "r2")).toEqual(telling);
  });
});

describe("users have moved", () => {
  it.each<[string, readonly Answer[], number, boolean]>([
    ["not while the other release has not answered", from("r2", 990, 1_010), 9_000, false],
    ["not by answers from before", from("r1", 900), 9_000, false],
    [
      "not within a second of the last old answer",
      [...from("r2", 1_200), ...from("r1", 1_300)],
      2_199,
      false,
    ],
    ["a second after it", [...from("r2", 1_200), ...from("r1", 1_300)], 2_200, true],
    ["not when the old one comes back late", [...from("r1", 1_300), ...from("r2", 2_000)], 2_900, false],
    ["a second after the start, when no old answer came at all", from("r1", 1_010), 2_000, true],
    ["and not before", from("r1", 1_010), 1_999, false],
  ])("%s", (_, answers, now, moved) => {
    expect(hasMoved(answers, MOVE, now, 1_000)).toBe(moved);
  });
});

it("counts from the command on, to the last answer of the release that is left", () => {
  const answers = [
    ...from("r2", 900, 1_100, 1_234.4),
    failed(1_240),
    ...from("r1", 1_150, 1_300),
    failed(950),
  ];
  expect(passageOf(answers, MOVE)).toEqual({ secondsToLastAnswer: 0.234, requests: 5, failed: 1 });
  expect(passageOf(from("r1", 1_500), MOVE)).toEqual({ secondsToLastAnswer: 0, requests: 1, failed: 0 });
});
