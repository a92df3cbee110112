import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Release } from "../../../infra/config/schema/releases.ts";
import { deploy, type Order, planOrder } from "../../../release/deploy.ts";
import { type Lease, leaseRef, released, taken } from "../../../release/lease.ts";
import { takenBack, withCandidate } from "../../../release/model/states.ts";
import { withReleases } from "../../../release/stack-file.ts";
import { sandboxStage } from "../drill/stage.ts";
import { healthyCluster, liveDeployment } from "../preflight/live-objects.ts";
import { HEALTHY, hasten, type Rig, rigOf } from "./rig.ts";

const guards = vi.hoisted((): string[] => []);
vi.mock("../../../release/driver/guard.ts", () => ({
  startGuard: async () => {
    guards.push("on guard");
    return { dismiss: async () => void guards.push("dismissed") };
  },
}));

const IMAGE = `slipway.local/demo@sha256:${"c".repeat(64)}`;

let rig: Rig;

beforeEach(async () => {
  rig = rigOf(await sandboxStage());
  await hasten(rig);
  for (const object of healthyCluster(rig.project.config, rig.project.service("demo"), IMAGE))
    rig.cluster.put(object);
  // What the preflight asks of the API server.
  rig.cluster.answers["/readyz"] = "ok";
  rig.cluster.answers["/version"] = '{"gitVersion":"v1.36.0"}';
  guards.length = 0;
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rig.remove();
});

function entry(): Release {
  return rig.project.service("demo").release;
}

const order = (image = IMAGE): Order => new Map([["demo", { image }]]);

function shares(): number[] {
  return rig.happened.flatMap((event) => (event.what === "traffic" ? event.data.weight : []));
}

describe("what an order means", () => {
  it("is what to begin with, and nothing is written", async () => {
    const before = await rig.text();
    const { entries, nothing } = await planOrder(rig.project, order());
    expect(entries.demo).toMatchObject({
      phase: "canary",
      weight: 0,
      gate: 5,
      blue: { release: "r3", image: IMAGE },
    });
    expect(nothing).toEqual([]);
    expect(await rig.text()).toBe(before);
  });

  it("is nothing for what runs already", async () => {
    const { entries, nothing } = await planOrder(rig.project, order("slipway.local/demo:r2"));
    expect(entries).toEqual({});
    expect(nothing).toEqual(["demo runs r2 (slipway.local/demo:r2) already, in green"]);
  });

  it("is refused where the stack file would be wrong with it", async () => {
    await expect(planOrder(rig.project, order("not an image!"))).rejects.toThrow("image");
    await expect(planOrder(rig.project, new Map([["demmo", { image: IMAGE }]]))).rejects.toThrow(
      'did you mean "demo"',
    );
  });
});

describe("a deploy", () => {
  it("takes a good release to all users, step by step, under lock and guard", async () => {
    const record = await deploy(rig.setting, order());
    expect(record).toMatchObject({ action: "deploy", outcome: "succeeded", name: "demo" });
    expect(rig.effects).toEqual([
      "lock",
      "up: r3 of demo into blue",
      "up: 5 % of the traffic",
      "up: smoke test before 25 %",
      "up: 25 % of the traffic",
      "up: smoke test before 100 %",
      "up: 100 % of the traffic",
      "up: promote",
    ]);
    expect(shares()).toEqual([5, 25, 100]);
    expect(guards).toEqual(["on guard", "dismissed"]);
    expect(entry()).toMatchObject({ phase: "steady", active: "blue", blue: { image: IMAGE } });
    expect(await rig.live("demo")).toEqual({ blue: 100, green: 0 });
    expect(rig.happened[0]).toMatchObject({ what: "preflight" });
  });

  it("takes a bad one back at the first share that shows it, and gives the lock back", async () => {
    rig.figures = { green: HEALTHY, blue: { ...HEALTHY, errors: 100 } };
    const record = await deploy(rig.setting, order());
    expect(record).toMatchObject({ outcome: "rolled back", cause: "errors" });
    expect(record?.figures).toMatchObject({
      secondsToDetect: expect.any(Number),
      secondsToRollBack: expect.any(Number),
    });
    expect(shares()).toEqual([5, 100]);
    expect(entry()).toMatchObject({ phase: "rollback", active: "green" });
    expect(await rig.live("demo")).toEqual({ blue: 0, green: 100 });
    const lease = await rig.cluster.get<Lease>(leaseRef("sandbox"));
    expect(lease?.spec.holderIdentity).toBeUndefined();
  });

  it("does nothing for what runs already, and has no record of it", async () => {
    expect(await deploy(rig.setting, order("slipway.local/demo:r2"))).toBeUndefined();
    expect(rig.effects).toEqual([]);
    expect(rig.happened).toEqual([]);
  });

  it("touches nothing when the preflight fails, and tells every fault", async () => {
    const before = await rig.text();
    await rig.cluster.delete({ kind: "Gateway", namespace: "gateway-sandbox", name: "slipway" });
    const record = await deploy(rig.setting, order());
    expect(record).toMatchObject({ outcome: "failed", cause: "preflight" });
    expect(record?.reason).toMatch(/gateway/);
    expect(await rig.text()).toBe(before);
    expect(rig.effects).toEqual(["lock"]);
    expect(guards).toEqual([]);
  });

  it("for a service that is down goes on only with a reason: there is nothing to go back to", async () => {
    const dead = liveDeployment(rig.project.service("demo"), "green");
    rig.cluster.put({ ...dead, status: { readyReplicas: 0 } } as typeof dead);
    const refused = await deploy(rig.setting, order());
    expect(refused).toMatchObject({ outcome: "failed", cause: "preflight" });
    expect(refused?.reason).toMatch(
      /r2 in green: 0 of 2 pods ready: there is nothing to go back to[\s\S]*--override/,
    );
    const mending = new Map([["demo", { image: IMAGE, override: "r2 never came up" }]]);
    expect(await deploy(rig.setting, mending)).toMatchObject({ outcome: "succeeded" });
    expect(entry()).not.toHaveProperty("override");
  });

  it("goes on where an earlier one was killed", async () => {
    const plan = await planOrder(rig.project, order());
    await rig.project.save({ demo: { ...(plan.entries.demo as Release), weight: 5 } });
    await rig.engine.up("canary", { add: async () => {}, status: () => {} }, rig.control.signal);
    rig.effects.length = 0;
    expect(await deploy(rig.setting, order())).toMatchObject({ outcome: "succeeded" });
    expect(shares()).toEqual([5, 25, 100]);
    expect(rig.effects).toContain("up: smoke test before 25 %");
    expect(rig.effects).not.toContain("up: 5 % of the traffic");
  });
});

describe("while another release is on its way", () => {
  const other = { release: "r7", image: "slipway.local/demo:r7" };

  it("waits for whoever drives it, and plans anew then", async () => {
    const theirs = taken("sandbox", undefined, { holder: "bob@ci 2", doing: "deploy demo r7" }, new Date());
    rig.cluster.put(theirs);
    await rig.project.save({ demo: withCandidate(entry(), other, 5) });
    const deploying = deploy(rig.setting, order());
    await expect
      .poll(() => rig.notes())
      .toContainEqual(expect.stringMatching(/^waits for bob@ci 2 \(deploy demo r7/));
    const back = { demo: takenBack(entry()) as Release };
    await rig.write(withReleases(await rig.text(), back));
    rig.cluster.put(released(theirs, new Date()));
    expect(await deploying).toMatchObject({ outcome: "succeeded", parts: [{ to: { release: "r8" } }] });
  });

  it("says how to end it where nobody drives it", async () => {
    await rig.project.save({ demo: withCandidate(entry(), other, 5) });
    await expect(deploy(rig.setting, order())).rejects.toThrow(
      "r7 (slipway.local/demo:r7) is on its way with 0 %",
    );
    expect(rig.effects).toEqual([]);
  });
});
