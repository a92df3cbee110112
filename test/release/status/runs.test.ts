import { describe, expect, it } from "vitest";
import { released, taken } from "../../../release/lease.ts";
import type { RunRecord } from "../../../release/record.ts";
import { type LockStatus, lastRunOf, lastVerdictOf, lockStatus } from "../../../release/status/runs.ts";
import {
  atSecond,
  DEPLOY,
  FAILED_STEP,
  GROUP,
  runOf,
  START,
  succeededRun,
  takenBackRun,
} from "../record/runs.ts";

const RUN = { holder: "ann@laptop 4711", doing: "deploy demo r7" };
const LEASE = taken("production", undefined, RUN, START);
const HELD: LockStatus = {
  state: "held",
  by: "ann@laptop 4711 (deploy demo r7, since 14:30)",
  doing: "deploy demo r7",
};
const going = runOf(DEPLOY, [[32.5, FAILED_STEP]]);

describe("the lock", () => {
  it.each<[string, Parameters<typeof lockStatus>, LockStatus["state"]]>([
    ["never taken", [undefined, START], "free"],
    ["given back", [released(LEASE, START), START], "free"],
    ["held", [LEASE, atSecond(5)], "held"],
    ["held, its holder late", [LEASE, atSecond(20)], "held"],
    ["left behind", [LEASE, atSecond(61)], "expired"],
  ])("%s", (_, [lease, now], state) => {
    expect(lockStatus(lease, now).state).toBe(state);
  });

  it("says who holds it, and what for", () => {
    expect(lockStatus(LEASE, START)).toEqual({
      state: "held",
      by: "ann@laptop 4711 (deploy demo r7, since 2026-11-21T14:30:00Z)",
      doing: "deploy demo r7",
    });
  });
});

describe("the last run", () => {
  it("is the newest one of the service, with what it was about", () => {
    const records = [takenBackRun(), succeededRun(), succeededRun(GROUP)];
    expect(lastRunOf(records, "demo", { state: "free" })).toEqual({
      id: "20261121T143000Z-demo-r7",
      action: "deploy",
      from: "r6",
      to: "r7",
      state: "succeeded",
      startedAt: "2026-11-21T14:30:00.000Z",
      finishedAt: "2026-11-21T14:31:35.000Z",
    });
    expect(lastRunOf(records, "paws360-frontend", { state: "free" })).toMatchObject({
      from: "r41",
      to: "r42",
    });
    expect(lastRunOf(records, "shop-api", { state: "free" })).toBeUndefined();
  });

  it("says why it failed", () => {
    expect(lastRunOf([takenBackRun()], "demo", { state: "free" })).toMatchObject({
      state: "rolled back",
      reason: "demo at 5 %: fail: errors 4.2 %",
    });
  });

  it.each<[string, RunRecord, LockStatus, string]>([
    ["goes on while the lock is its own", going, HELD, "running"],
    ["is unfinished when nobody holds the lock", going, { state: "free" }, "unfinished"],
    [
      "waits, or was killed, when another run of the same person holds it",
      going,
      { ...HELD, doing: "rollback demo r6" },
      "unfinished",
    ],
    [
      "waits, or was killed, when somebody else holds it",
      going,
      { ...HELD, by: "bob@ci 3 (deploy demo r7)" },
      "unfinished",
    ],
    ["is not told by a lock that ran out", going, { ...HELD, state: "expired" }, "unfinished"],
    ["has its end, whoever holds the lock", succeededRun(), HELD, "succeeded"],
  ])("%s", (_, run, lock, state) => {
    expect(lastRunOf([run], "demo", lock)?.state).toBe(state);
  });
});

describe("the last verdict", () => {
  it("is the newest one, also when the run after it came to none", () => {
    const later = runOf({ ...DEPLOY, action: "rollback" }, [], [5, { outcome: "succeeded" }]);
    expect(lastVerdictOf([takenBackRun(), later], "demo")).toEqual({
      release: "r7",
      weight: 5,
      verdict: "fail",
      requests: 212,
      comparisons: FAILED_STEP.what === "step" ? FAILED_STEP.data.comparisons : [],
      because: "errors 4.2 % of 212 requests; active 0 %; at most 2 % allowed",
      at: "2026-11-21T14:30:32.500Z",
    });
  });

  it("is that of the service, not of another one in the same run", () => {
    expect(lastVerdictOf([runOf(GROUP, [[1, FAILED_STEP]])], "paws360-backend")).toBeUndefined();
  });
});
