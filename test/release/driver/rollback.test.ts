import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Release } from "../../../infra/config/schema/releases.ts";
import { UserError } from "../../../infra/lib/errors.ts";
import { NoAnswer } from "../../../release/cluster.ts";
import { type Lease, leaseRef, released, taken } from "../../../release/lease.ts";
import { takenBack, withCandidate, withWeight } from "../../../release/model/states.ts";
import { readRecords } from "../../../release/recorder.ts";
import { rollback } from "../../../release/rollback.ts";
import { sandboxStage } from "../drill/stage.ts";
import { liveDeployment } from "../preflight/live-objects.ts";
import { type Rig, rigOf } from "./rig.ts";

const HOME = { blue: 0, green: 100 };
const BACK = { blue: 100, green: 0 };
const MOVED = "traffic of demo, the file says rollback";
const UP = "up: record the way back";

let rig: Rig;

beforeEach(async () => {
  rig = rigOf(await sandboxStage());
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rig.remove();
});

function entry(): Release {
  return rig.project.service("demo").release;
}

const goBack = () => rollback(rig.setting, ["demo"], "it is slow");

/** A deploy that another process drives. */
function somebodyDrives(doing = "deploy demo r3"): Lease {
  const lease = taken("sandbox", undefined, { holder: "bob@ci 2", doing }, new Date());
  rig.cluster.put(lease);
  return lease;
}

describe("a rollback", () => {
  it("writes the stack file, moves the traffic by one PATCH, takes the lock, and has the engine record it", async () => {
    const record = await goBack();
    expect(rig.effects).toEqual([MOVED, "lock", UP]);
    expect(await rig.live("demo")).toEqual(BACK);
    expect(entry()).toMatchObject({ phase: "rollback", active: "blue" });
    expect(record).toMatchObject({
      action: "rollback",
      outcome: "succeeded",
      cause: "asked for",
      reason: "it is slow",
    });
    expect(record.parts).toMatchObject([{ from: { release: "r2" }, to: { release: "r1" } }]);
    expect(record.figures.secondsToRollBack).toBeGreaterThan(0);
    expect(record.events.map(({ what }) => what)).toEqual([
      "going back",
      "traffic",
      "failed state captured",
      "up",
      "note",
    ]);
    expect(rig.notes()).toEqual(["verified: demo has blue 100 / green 0, 2 pods of r1 ready"]);
  });

  it("takes a candidate out, too", async () => {
    await rig.project.save({
      demo: withWeight(withCandidate(entry(), { release: "r3", image: "slipway.local/demo:r3" }, 5), 5),
    });
    await rig.engine.up("canary", { add: async () => {}, status: () => {} }, rig.control.signal);
    rig.effects.length = 0;
    const record = await goBack();
    expect(rig.effects).toEqual([MOVED, "lock", UP]);
    expect(await rig.live("demo")).toEqual(HOME);
    expect(record.parts).toMatchObject([{ from: { release: "r3" }, to: { release: "r2" } }]);
  });

  it("gives the lock back, also when the engine fails", async () => {
    rig.trouble = () => Promise.reject(new UserError({ what: "the passphrase is wrong" }));
    expect(await goBack()).toMatchObject({
      outcome: "failed",
      cause: "engine",
      reason: "the passphrase is wrong",
    });
    expect(await rig.live("demo")).toEqual(BACK);
    expect(rig.notes()).toContain("the traffic is back; the engine has not recorded it yet: run this again");
    const lease = await rig.cluster.get<Lease>(leaseRef("sandbox"));
    expect(lease?.spec.holderIdentity).toBeUndefined();
  });

  it("waits for nobody with the traffic, and asks whoever releases to stop", async () => {
    const theirs = somebodyDrives();
    const going = goBack();
    await expect.poll(() => rig.effects).toEqual([MOVED, "asked to stop"]);
    expect(await rig.live("demo")).toEqual(BACK);
    rig.cluster.put(released(theirs, new Date()));
    expect(await going).toMatchObject({ outcome: "succeeded" });
    expect(rig.notes()).toContainEqual(
      expect.stringMatching(/^asked bob@ci 2 \(deploy demo r3, .*\) to stop$/),
    );
    expect(rig.effects.at(-1)).toBe(UP);
  });

  it("lets others finish that release something else", async () => {
    const theirs = somebodyDrives("deploy shop r9");
    const going = goBack();
    await expect
      .poll(() => rig.notes(), { timeout: 5_000 })
      .toContainEqual(expect.stringMatching(/^waits for bob@ci 2/));
    rig.cluster.put(released(theirs, new Date()));
    await going;
    expect(rig.effects).not.toContain("asked to stop");
  });
});

describe("a rollback that was cut short", () => {
  it("between the stack file and the PATCH: running it again moves the traffic", async () => {
    await rig.project.save({ demo: takenBack(entry()) as Release });
    expect(await rig.live("demo")).toEqual(HOME);
    expect(await goBack()).toMatchObject({ outcome: "succeeded" });
    expect(rig.effects).toEqual([MOVED, "lock", UP]);
    expect(await rig.live("demo")).toEqual(BACK);
  });

  it("before the engine had recorded it: running it again has it recorded", async () => {
    rig.trouble = () => Promise.reject(new UserError({ what: "the state is locked" }));
    await goBack();
    rig.trouble = async () => {};
    expect(await goBack()).toMatchObject({ outcome: "succeeded" });
    expect(await rig.live("demo")).toEqual(BACK);
    expect(
      (await readRecords(`${rig.project.place.folder}/releases/sandbox`)).map(({ outcome }) => outcome),
    ).toEqual(["failed", "succeeded"]);
  });

  it("by Ctrl-C before the traffic: nothing is changed", async () => {
    const before = await rig.text();
    rig.outage = async () => {
      rig.control.abort(new Error("Ctrl-C"));
      throw new NoAnswer({ what: "connection refused" });
    };
    expect(await goBack()).toMatchObject({ outcome: "stopped", reason: "before the traffic was moved" });
    expect(await rig.text()).toBe(before);
    expect(rig.effects).toEqual([]);
  });

  it("by Ctrl-C after the traffic: users stay back, and it says what is left to do", async () => {
    rig.trouble = async () => rig.control.abort(new Error("Ctrl-C"));
    expect(await goBack()).toMatchObject({ outcome: "stopped", reason: "before the engine had recorded it" });
    expect(await rig.live("demo")).toEqual(BACK);
    expect(rig.notes().at(-1)).toContain("run this again");
  });
});

describe("a rollback that cannot be", () => {
  it("is refused before anything is on record: there is nothing to go back to", async () => {
    await rig.write((await rig.text()).replace(/ {6}blue: .*\n/, ""));
    await rig.project.reload();
    await expect(goBack()).rejects.toThrow(
      "slipway:releases.demo: r2 has no release behind it to go back to",
    );
    expect(await readRecords(`${rig.project.place.folder}/releases/sandbox`)).toEqual([]);
  });

  it("ends as failed where nothing answers: users stay where they are", async () => {
    const dead = liveDeployment(rig.project.service("demo"), "blue");
    rig.cluster.put({ ...dead, status: { readyReplicas: 0 } } as typeof dead);
    expect(await goBack()).toMatchObject({
      outcome: "failed",
      cause: "not ready",
      reason: expect.stringContaining("r1 in blue has no ready pod to go back to"),
    });
    expect(rig.effects).toEqual([]);
    expect(await rig.live("demo")).toEqual(HOME);
    expect(entry().phase).toBe("steady");
  });

  it("leaves it to a run that had the lock first and has gone on from there", async () => {
    const theirs = somebodyDrives("deploy shop r9");
    const going = goBack();
    await expect.poll(() => rig.effects).toEqual([MOVED]);
    await rig.write((await rig.text()).replace("phase: rollback", "phase: steady"));
    rig.cluster.put(released(theirs, new Date()));
    expect(await going).toMatchObject({ outcome: "stopped", cause: "edited by hand" });
    expect(rig.effects).not.toContain(UP);
  });

  it("hides no fault of our own, and has it on record", async () => {
    rig.trouble = () => Promise.reject(new TypeError("x is undefined"));
    await expect(goBack()).rejects.toThrow(TypeError);
    const [record] = await readRecords(`${rig.project.place.folder}/releases/sandbox`);
    expect(record).toMatchObject({ outcome: "failed", reason: "x is undefined" });
  });
});
