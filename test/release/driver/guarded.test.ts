import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Release } from "../../../infra/config/schema/releases.ts";
import { UserError } from "../../../infra/lib/errors.ts";
import { NoAnswer } from "../../../release/cluster.ts";
import { guarded, messageOf, untouched } from "../../../release/driver/guarded.ts";
import { Failed, type Run } from "../../../release/driver/run.ts";
import type { Session } from "../../../release/driver/session.ts";
import { type Lease, leaseRef, released, taken } from "../../../release/lease.ts";
import type { ReleaseLock } from "../../../release/lock.ts";
import { promoted, takenBack, withCandidate, withWeight } from "../../../release/model/states.ts";
import { ChangedMeanwhile } from "../../../release/project.ts";
import type { RunEnd } from "../../../release/record.ts";
import { sandboxStage } from "../drill/stage.ts";
import { liveDeployment } from "../preflight/live-objects.ts";
import { type Rig, rigOf } from "./rig.ts";

const guards = vi.hoisted((): string[] => []);
vi.mock("../../../release/driver/guard.ts", () => ({
  startGuard: async () => {
    guards.push("on guard");
    return { dismiss: async () => void guards.push("dismissed") };
  },
}));

const HOME = { blue: 0, green: 100 };
const r3 = { release: "r3", image: "slipway.local/demo:r3" };
const WAY_BACK = ["traffic of demo, the file says rollback", "up: record the way back"];

let rig: Rig;
let session: Session;
let lost: AbortController;
let asked: AbortController;

beforeEach(async () => {
  rig = rigOf(await sandboxStage());
  session = await rig.session("deploy", { demo: canary(0) });
  lost = new AbortController();
  asked = new AbortController();
  guards.length = 0;
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rig.remove();
});

function entry(): Release {
  return rig.project.service("demo").release;
}

function canary(weight: number): Release {
  return withWeight(withCandidate(entry(), r3, 5), weight);
}

/** A candidate with 5 % of the users, as far as file and cluster go. */
async function expose(run: Run): Promise<void> {
  await run.save({ demo: canary(5) });
  await run.up("5 % of the traffic");
  rig.effects.length = 0;
}

function drive(work: (run: Run) => Promise<void>): Promise<RunEnd> {
  const lock: ReleaseLock = {
    takenOver: undefined,
    lost: lost.signal,
    asked: asked.signal,
    release: async () => {},
  };
  return guarded(session, lock, ["demo"], work);
}

/** A driver whose candidate has users when something goes wrong. */
function driveUntil(wrong: (run: Run) => Promise<unknown>): Promise<RunEnd> {
  return drive(async (run) => {
    await expose(run);
    await wrong(run);
  });
}

const fail = () => Promise.reject(new Failed("errors", "demo r3 at 5 %: fail: too many errors"));

describe("what changes a release", () => {
  it("succeeds under a guard that is dismissed then", async () => {
    const end = await driveUntil(async (run) => {
      expect(guards).toEqual(["on guard"]);
      await run.save({ demo: promoted(entry()) });
    });
    expect(end).toEqual({ outcome: "succeeded" });
    expect(guards).toEqual(["on guard", "dismissed"]);
    expect(rig.happened[0]).toMatchObject({ what: "state captured", data: { demo: { weights: HOME } } });
  });

  it("is taken back when it fails: the file, one PATCH, the failed state, the engine's record", async () => {
    const end = await driveUntil(fail);
    expect(end).toEqual({
      outcome: "rolled back",
      cause: "errors",
      reason: "demo r3 at 5 %: fail: too many errors",
    });
    expect(rig.effects).toEqual(WAY_BACK);
    expect(rig.happened.map(({ what }) => what).slice(-5)).toEqual([
      "going back",
      "traffic",
      "failed state captured",
      "up",
      "note",
    ]);
    expect(await rig.live("demo")).toEqual(HOME);
    expect(entry()).toMatchObject({ phase: "rollback", active: "green", blue: r3 });
    expect(guards.at(-1)).toBe("dismissed");
  });

  it("is taken back when it was never shown to users, too", async () => {
    const end = await drive(async (run) => {
      await run.save({ demo: canary(0) });
      throw new Failed("not ready", "no pod comes up");
    });
    expect(end).toMatchObject({ outcome: "rolled back", cause: "not ready" });
    expect(rig.effects).toEqual(WAY_BACK);
  });

  it("has nothing to take back before the first change and after the last", async () => {
    expect(await drive(fail)).toMatchObject({ outcome: "failed", cause: "errors" });
    const late = await driveUntil(async (run) => {
      await run.save({ demo: promoted(entry()) });
      throw new Failed("engine", "the state cannot be written");
    });
    expect(late).toEqual({ outcome: "failed", cause: "engine", reason: "the state cannot be written" });
    expect(rig.effects).toEqual([]);
    expect(entry()).toMatchObject({ phase: "steady", active: "blue" });
  });

  it("is taken back at Ctrl-C, which does not stop the way back, nor does an outage", async () => {
    const end = await driveUntil(async (run) => {
      rig.control.abort(new Error("Ctrl-C"));
      let outages = 2;
      rig.outage = async () => {
        if (outages-- > 0) throw new NoAnswer({ what: "connection refused" });
      };
      run.signal.throwIfAborted();
    });
    expect(end).toMatchObject({ outcome: "rolled back", cause: "interrupted" });
    expect(rig.effects).toEqual(WAY_BACK);
    expect(rig.notes().at(-1)).toBe("verified: demo has blue 0 / green 100, 2 pods of r2 ready");
  });

  it.each<[string, Error, string]>([
    ["the cluster", new NoAnswer({ what: "connection refused" }), "cluster"],
    ["a fault of Slipway's own", new TypeError("x is undefined"), "cluster"],
  ])("is taken back after %s", async (_, error, cause) => {
    expect(await driveUntil(() => Promise.reject(error))).toEqual({
      outcome: "rolled back",
      cause,
      reason: error.message,
    });
    expect(guards.at(-1)).toBe("dismissed");
  });
});

describe("a way back that goes wrong itself", () => {
  it("is told with both failures, and the traffic stays where it serves best", async () => {
    const end = await driveUntil(async () => {
      const found = liveDeployment(rig.project.service("demo"), "green");
      rig.cluster.put({ ...found, status: { readyReplicas: 0 } } as typeof found);
      await fail();
    });
    expect(end.outcome).toBe("failed");
    expect(end.reason).toMatch(
      /^demo r3 at 5 %: fail: too many errors\nand the way back failed: .*r2 in green has no ready pod/,
    );
    expect(rig.notes().at(-1)).toMatch(/^could not go back: .*r2 in green has no ready pod/);
    expect(rig.effects).toEqual([]);
    expect(await rig.live("demo")).toEqual({ blue: 5, green: 95 });
    expect(entry()).toEqual(canary(5));
    expect(guards.at(-1)).toBe("dismissed");
  });

  it("in the engine only, leaves users back, and says how to have it recorded", async () => {
    rig.trouble = async (title) => {
      if (title === "record the way back") throw new UserError({ what: "the state is locked" });
    };
    expect(await driveUntil(fail)).toMatchObject({ outcome: "rolled back", cause: "errors" });
    expect(await rig.live("demo")).toEqual(HOME);
    expect(rig.notes().slice(-2)).toEqual([
      "the traffic is back; the engine has not recorded it: the state is locked",
      "to have it recorded: slipway release rollback demo",
    ]);
  });

  it("does not wait for a failed state that cannot be captured", async () => {
    const end = await driveUntil(async () => {
      let lists = 0;
      rig.outage = async (verb) => {
        // The first look is for the pods to go back to.
        if (verb === "list" && ++lists > 1 && lists < 4) throw new NoAnswer({ what: "connection refused" });
      };
      await fail();
    });
    expect(end.outcome).toBe("rolled back");
    expect(rig.notes()).toContain("the failed state could not be captured: connection refused");
  });
});

describe("a run that is not alone", () => {
  it("changes nothing any more when it was asked to stop: whoever asked has moved the traffic", async () => {
    const end = await driveUntil(async (run) => {
      asked.abort(new UserError({ what: "bob@laptop 2 asked this run to stop" }));
      run.signal.throwIfAborted();
    });
    expect(end).toEqual({
      outcome: "stopped",
      cause: "asked for",
      reason: "bob@laptop 2 asked this run to stop",
    });
    expect(rig.effects).toEqual([]);
    expect(await rig.live("demo")).toEqual({ blue: 5, green: 95 });
  });

  it("stops when somebody else has decided where users go, and leaves that", async () => {
    const end = await driveUntil(async (run) => {
      await rig.write(
        (await rig.text()).replace("phase: canary", "phase: steady").replace(/ {6}(weight|gate): .*\n/g, ""),
      );
      await run.save({ demo: canary(5) });
    });
    expect(end).toMatchObject({ outcome: "stopped", cause: "edited by hand" });
    expect(rig.effects).toEqual([]);
  });

  it("takes back what somebody else has only changed while it was on its way", async () => {
    const end = await driveUntil(async (run) => {
      await rig.write((await rig.text()).replace("weight: 5", "weight: 0"));
      await run.save({ demo: canary(5) });
    });
    expect(end).toMatchObject({ outcome: "rolled back", cause: "edited by hand" });
    expect(entry().phase).toBe("rollback");
  });

  function lose(run: Run): void {
    lost.abort(new UserError({ what: "the lock could not be renewed for 15 s" }));
    run.signal.throwIfAborted();
  }

  it("that has lost its lock waits for it again before it takes anything back", async () => {
    const end = await driveUntil(async (run) => lose(run));
    expect(end).toMatchObject({ outcome: "rolled back", reason: "the lock could not be renewed for 15 s" });
    expect(rig.effects).toEqual(["lock", ...WAY_BACK]);
    expect(rig.notes()).toContain("the lock could not be renewed for 15 s; waits for the lock, to go back");
    const lease = await rig.cluster.get<Lease>(leaseRef("sandbox"));
    expect(lease?.spec.holderIdentity).toBeUndefined();
  });

  it("leaves it to whoever has the lock after it, if that one ends what is on its way", async () => {
    const other = taken("sandbox", undefined, { holder: "bob@ci 2", doing: "rollback demo r2" }, new Date());
    const end = await driveUntil(async (run) => {
      rig.cluster.put(other);
      setTimeout(() => void theirs(), 100);
      lose(run);
    });
    async function theirs(): Promise<void> {
      const back = takenBack(canary(5));
      await rig.write(
        (await rig.text())
          .replace("phase: canary", `phase: ${back?.phase}`)
          .replace(/ {6}(weight|gate): .*\n/g, ""),
      );
      rig.cluster.put(released(other, new Date()));
    }
    expect(end).toMatchObject({ outcome: "stopped", reason: "the lock could not be renewed for 15 s" });
    expect(rig.effects).toEqual([]);
    expect(rig.notes()).toContainEqual(expect.stringMatching(/^waits for bob@ci 2 \(rollback demo r2/));
  });
});

describe("a run that failed before it touched anything", () => {
  it("says whether it was stopped or refused, and hides no fault of our own", () => {
    expect(untouched(new UserError({ where: "sandbox", what: "no gateway" }), session)).toEqual({
      outcome: "failed",
      cause: "preflight",
      reason: "sandbox: no gateway",
    });
    expect(() => untouched(new TypeError("x is undefined"), session)).toThrow(TypeError);
    rig.control.abort();
    expect(untouched(new Error("aborted"), session)).toEqual({
      outcome: "stopped",
      cause: "interrupted",
      reason: "before anything was changed",
    });
  });

  it("has a reason, whatever was thrown", () => {
    expect(messageOf(new ChangedMeanwhile({ what: "changed" }))).toBe("changed");
    expect(messageOf("a text")).toBe("a text");
  });
});
