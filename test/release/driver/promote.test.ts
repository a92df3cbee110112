import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Release } from "../../../infra/config/schema/releases.ts";
import { UserError } from "../../../infra/lib/errors.ts";
import { type Lease, released, taken } from "../../../release/lease.ts";
import { withCandidate, withGate, withWeight } from "../../../release/model/states.ts";
import { promote } from "../../../release/promote.ts";
import { sandboxStage } from "../drill/stage.ts";
import { type Rig, rigOf } from "./rig.ts";

vi.mock("../../../release/driver/guard.ts", () => ({
  startGuard: async () => ({ dismiss: async () => {} }),
}));

const r3 = { release: "r3", image: "slipway.local/demo:r3" };
const REASON = "an outage at the provider";

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

/** A candidate with 5 % of the users. */
async function onItsWay(): Promise<void> {
  await rig.project.save({ demo: withWeight(withCandidate(entry(), r3, 5), 5) });
  await rig.engine.up("canary", { add: async () => {}, status: () => {} }, rig.control.signal);
  rig.effects.length = 0;
}

it("tests the candidate, gives it all users, and makes it the service's version", async () => {
  await onItsWay();
  const states: Release[] = [];
  rig.trouble = async () => void states.push(entry());
  expect(await promote(rig.setting, ["demo"], REASON)).toMatchObject({
    action: "promote",
    outcome: "succeeded",
  });
  expect(rig.effects).toEqual([
    "lock",
    "up: smoke test before 100 %",
    "up: 100 % of the traffic",
    "up: promote",
  ]);
  expect(states).toMatchObject([
    { phase: "canary", weight: 5, gate: 100, override: REASON },
    { phase: "canary", weight: 100, gate: 100, override: REASON },
    { phase: "steady", active: "blue" },
  ]);
  expect(await rig.live("demo")).toEqual({ blue: 100, green: 0 });
  expect(rig.notes()).toContain(`promoted by hand: ${REASON}`);
});

it("takes a candidate back that does not pass its test", async () => {
  await onItsWay();
  rig.trouble = async (title) => {
    if (title.startsWith("smoke")) throw new UserError({ what: "Job demo-blue-smoke failed" });
  };
  expect(await promote(rig.setting, ["demo"], REASON)).toMatchObject({
    outcome: "rolled back",
    cause: "smoke test",
  });
  expect(await rig.live("demo")).toEqual({ blue: 0, green: 100 });
  expect(entry().phase).toBe("rollback");
});

it("needs a release on its way, and a reason that says something", async () => {
  await expect(promote(rig.setting, ["demo"], REASON)).rejects.toThrow(
    "slipway:releases.demo: no release is on its way",
  );
  await onItsWay();
  await expect(promote(rig.setting, ["demo"], "hm")).rejects.toThrow("override");
  expect(rig.effects).toEqual([]);
});

describe("while somebody else drives the release", () => {
  let theirs: Lease;

  beforeEach(async () => {
    await onItsWay();
    theirs = taken("sandbox", undefined, { holder: "bob@ci 2", doing: "deploy demo r3" }, new Date());
    rig.cluster.put(theirs);
  });

  async function handOver(change: (release: Release) => Release): Promise<ReturnType<typeof promote>> {
    const promoting = promote(rig.setting, ["demo"], REASON);
    await expect.poll(() => rig.effects).toEqual(["asked to stop"]);
    await rig.project.save({ demo: change(entry()) });
    rig.cluster.put(released(theirs, new Date()));
    return promoting;
  }

  it("asks that one to stop, and goes on from where it stopped", async () => {
    const further = (release: Release) => withWeight(withGate(release, 25), 25);
    expect(await handOver(further)).toMatchObject({ outcome: "succeeded" });
    expect(entry()).toMatchObject({ phase: "steady", active: "blue" });
  });

  it("promotes nothing that nobody has looked at", async () => {
    const other = (release: Release) => ({ ...withWeight(release, 0), blue: { ...r3, release: "r4" } });
    expect(await handOver(other)).toMatchObject({
      outcome: "failed",
      cause: "preflight",
      reason: "slipway:releases.demo: another release is on its way by now: r4",
    });
    expect(rig.effects.filter((effect) => effect.startsWith("up"))).toEqual([]);
  });
});
