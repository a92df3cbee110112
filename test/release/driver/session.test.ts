import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Release } from "../../../infra/config/schema/releases.ts";
import { NoAnswer } from "../../../release/cluster.ts";
import { note } from "../../../release/driver/report.ts";
import { login, recordsFolder, type Session, subjectOf } from "../../../release/driver/session.ts";
import { type Lease, leaseRef, taken } from "../../../release/lease.ts";
import { takenBack, withCandidate, withWeight } from "../../../release/model/states.ts";
import type { Entries } from "../../../release/project.ts";
import { readRecords } from "../../../release/recorder.ts";
import { productionStage, sandboxStage } from "../drill/stage.ts";
import { type Rig, rigOf } from "./rig.ts";

const r3 = { release: "r3", image: "slipway.local/demo:r3" };

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

function records() {
  return readRecords(recordsFolder(rig.setting.paths, "sandbox"));
}

describe("what a run is about", () => {
  const of = async (entries: Entries) => (await rig.session("deploy", entries)).record.parts;

  it("is the way from the version that users have to the one that is meant for them", async () => {
    const canary = withCandidate(entry(), r3, 5);
    expect(await of({ demo: canary })).toMatchObject([
      { service: "demo", from: { slot: "green", release: "r2" }, to: { slot: "blue", ...r3 } },
    ]);
    expect(await of({ demo: takenBack(entry()) as Release })).toMatchObject([
      { from: { slot: "green", release: "r2" }, to: { slot: "blue", release: "r1" } },
    ]);
    await rig.project.save({ demo: withWeight(canary, 5) });
    expect(await of({ demo: takenBack(entry()) as Release })).toMatchObject([
      { from: { slot: "blue", release: "r3" }, to: { slot: "green", release: "r2" } },
    ]);
  });

  it("is the service's name or, of several, their system's", async () => {
    expect(subjectOf(rig.project, ["demo"])).toBe("demo");
    vi.restoreAllMocks();
    const production = await productionStage();
    expect(subjectOf(production.project, ["paws360-backend", "paws360-frontend"])).toBe("paws360");
    await production.remove();
  });

  it("says who, and what asks for it", async () => {
    Object.assign(rig.setting, { ticket: "OPS-7" });
    const { record, holder } = await rig.session("deploy", { demo: withCandidate(entry(), r3, 5) });
    expect(record).toMatchObject({
      stack: "sandbox",
      environment: "sandbox",
      ticket: "OPS-7",
      who: { login: login() },
    });
    expect(holder).toBe(`${login()} ${process.pid}`);
  });
});

describe("the record", () => {
  let session: Session;

  beforeEach(async () => {
    session = await rig.session("deploy", { demo: withCandidate(entry(), r3, 5) });
  });

  it("has no secret of the stack's, from the announcement on and backwards", async () => {
    rig.engine.secrets = async () => ({ "slipway:secret-slack-webhook": "https://hooks.example/T0/hunter2" });
    await session.add(note("posting to https://hooks.example/T0/hunter2"));
    await session.announce();
    await session.add(note("again https://hooks.example/T0/hunter2"));
    await session.finish({
      outcome: "failed",
      cause: "cluster",
      reason: "https://hooks.example/T0/hunter2 is gone",
    });
    const file = join(recordsFolder(rig.setting.paths, "sandbox"), `${session.record.id}.json`);
    const text = await readFile(file, "utf8");
    expect(text).not.toContain("hunter2");
    expect(text).toContain("again");
    expect(JSON.stringify(rig.happened.slice(1))).not.toContain("hunter2");
  });

  it("is ended, and the run with it, also when the engine cannot be asked for secrets", async () => {
    rig.engine.secrets = () => Promise.reject(new Error("the passphrase is wrong"));
    const record = await session.close(async () => ({ outcome: "succeeded" }));
    expect(record).toMatchObject({ outcome: "succeeded", finishedAt: expect.any(String) });
    expect(await records()).toMatchObject([{ outcome: "succeeded" }]);
  });

  it("tells of a fault of our own, which is thrown on", async () => {
    await expect(session.close(() => Promise.reject(new TypeError("x is undefined")))).rejects.toThrow(
      TypeError,
    );
    expect(await records()).toMatchObject([{ outcome: "failed", cause: "engine", reason: "x is undefined" }]);
  });

  it("of earlier runs that died is ended by the next, but not that of one that waits for its turn", async () => {
    const dead = await rig.session("deploy", { demo: withCandidate(entry(), r3, 5) });
    await dead.add({ what: "preflight", data: { results: [] } });
    const waiting = await rig.session("deploy", { demo: withCandidate(entry(), r3, 5) });
    await session.announce();
    await session.finish({ outcome: "succeeded" });
    const found = new Map((await records()).map((record) => [record.id, record]));
    expect(found.get(dead.record.id)).toMatchObject({
      outcome: "stopped",
      reason: `its process ended without a word; found by ${session.record.id}`,
    });
    expect(found.get(waiting.record.id)?.finishedAt).toBeUndefined();
    expect(rig.notes()).toContain(`${dead.record.id} ended without a word`);
  });
});

describe("the lock", () => {
  const holderOf = async () => (await rig.cluster.get<Lease>(leaseRef("sandbox")))?.spec.holderIdentity;

  it("is taken in the run's name, for what it does, and says whose it was", async () => {
    const session = await rig.session("deploy", { demo: withCandidate(entry(), r3, 5) });
    const dead = taken("sandbox", undefined, { holder: "bob@ci 2", doing: "deploy demo r2" }, new Date(0));
    rig.cluster.put(dead);
    const lock = await session.lock(rig.control.signal);
    expect(await holderOf()).toBe(session.holder);
    expect((await rig.cluster.get<Lease>(leaseRef("sandbox")))?.metadata.annotations).toMatchObject({
      "slipway.dev/doing": "deploy demo r3",
    });
    expect(rig.notes()).toEqual([expect.stringMatching(/^took over the lock of bob@ci 2 \(deploy demo r2/)]);
    await lock.release();
    expect(await holderOf()).toBeUndefined();
  });

  it("is waited for by a way back whatever happens: an outage, Ctrl-C", async () => {
    const session = await rig.session("rollback", { demo: takenBack(entry()) as Release });
    rig.control.abort(new Error("Ctrl-C"));
    let outages = 2;
    rig.outage = async () => {
      if (outages-- > 0) throw new NoAnswer({ what: "connection refused" });
    };
    const lock = await session.lockAtLast();
    expect(await holderOf()).toBe(session.holder);
    await lock.release();
  });
});
