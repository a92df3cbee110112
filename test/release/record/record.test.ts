import { describe, expect, test } from "vitest";
import {
  isPartial,
  isUnfinished,
  lastShare,
  type RunStart,
  runId,
  stepsOf,
} from "../../../release/record.ts";
import {
  DEPLOY,
  FAILED_STEP,
  GOING_BACK,
  GROUP,
  runOf,
  START,
  succeededRun,
  takenBackRun,
  traffic,
} from "./runs.ts";

const ROLLBACK: RunStart = {
  ...DEPLOY,
  action: "rollback",
  parts: DEPLOY.parts.map(({ service, from, to }) => ({ service, from: to, to: from })),
};

test("an id sorts by time and names service and release; a group goes by its system", () => {
  expect(runId(DEPLOY, START)).toBe("20261121T143000Z-demo-r7");
  expect(runId(GROUP, START)).toBe("20261121T143000Z-paws360-r42");
});

test("a run without an end is unfinished", () => {
  expect(isUnfinished(runOf(DEPLOY, [[1, traffic("demo", "green", 5)]]))).toBe(true);
  expect(isUnfinished(succeededRun())).toBe(false);
});

describe("figures", () => {
  test("a release that is taken back: noticed since its first user, back since the decision", () => {
    expect(takenBackRun().figures).toEqual({ seconds: 40, secondsToDetect: 12.5, secondsToRollBack: 0.31 });
  });

  test("a release that succeeds has its length only", () => {
    expect(succeededRun().figures).toEqual({ seconds: 95 });
  });

  test("a rollback counts from its start, and has nothing to notice", () => {
    const run = runOf(ROLLBACK, [[0.4, traffic("demo", "blue", 100)]], [9, { outcome: "succeeded" }]);
    expect(run.figures).toEqual({ seconds: 9, secondsToRollBack: 0.4 });
  });

  test("a candidate that never had users: nothing was exposed, nobody moved", () => {
    const run = runOf(DEPLOY, [[30, GOING_BACK]], [31, { outcome: "rolled back", cause: "not ready" }]);
    expect(run.figures).toEqual({ seconds: 31 });
  });

  test("a group is back when its last service is", () => {
    const run = runOf(
      GROUP,
      [
        [10, traffic("paws360-backend", "green", 5)],
        [11, traffic("paws360-frontend", "green", 5)],
        [20, GOING_BACK],
        [20.2, traffic("paws360-backend", "blue", 100)],
        [21.5, traffic("paws360-frontend", "blue", 100)],
      ],
      [30, { outcome: "rolled back" }],
    );
    expect(run.figures).toMatchObject({ secondsToDetect: 10, secondsToRollBack: 1.5 });
  });

  test("a service of a group that never had users does not count", () => {
    const run = runOf(
      GROUP,
      [
        [10, traffic("paws360-backend", "green", 5)],
        [20, GOING_BACK],
        [20.2, traffic("paws360-backend", "blue", 100)],
      ],
      [30, { outcome: "rolled back" }],
    );
    expect(run.figures.secondsToRollBack).toBe(0.2);
  });

  test("there is no time to roll back while users of one service are not back", () => {
    const run = runOf(
      GROUP,
      [
        [10, traffic("paws360-backend", "green", 5)],
        [11, traffic("paws360-frontend", "green", 5)],
        [20, GOING_BACK],
        [20.2, traffic("paws360-backend", "blue", 100)],
      ],
      [30, { outcome: "failed" }],
    );
    expect(run.figures).toEqual({ seconds: 30, secondsToDetect: 10 });
  });
});

describe("a partial state", () => {
  test.each<[string, number, "succeeded" | "failed", boolean]>([
    ["users on both releases", 25, "failed", true],
    ["all on the new one", 100, "succeeded", false],
    ["all on the old one", 0, "failed", false],
  ])("%s", (_, weight, outcome, partial) => {
    const run = runOf(DEPLOY, [[10, traffic("demo", "green", weight)]], [20, { outcome }]);
    expect(lastShare(run, DEPLOY.parts[0] as (typeof DEPLOY.parts)[number])).toBe(weight);
    expect(isPartial(run)).toBe(partial);
  });

  test("services of one system on different releases", () => {
    const run = runOf(
      GROUP,
      [
        [10, traffic("paws360-backend", "green", 100)],
        [11, traffic("paws360-frontend", "blue", 100)],
      ],
      [20, { outcome: "failed" }],
    );
    expect(isPartial(run)).toBe(true);
  });

  test("a run that moved nobody leaves none, however it ends", () => {
    expect(isPartial(runOf(GROUP, [], [20, { outcome: "failed" }]))).toBe(false);
    expect(isPartial(runOf(GROUP, [], [20, { outcome: "succeeded" }]))).toBe(false);
  });
});

test("steps come with their time", () => {
  const [step, ...others] = stepsOf(takenBackRun());
  expect(others).toEqual([]);
  expect(step).toEqual({ ...FAILED_STEP.data, at: "2026-11-21T14:30:32.500Z" });
});
