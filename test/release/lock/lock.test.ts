import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { UserError } from "../../../infra/lib/errors.ts";
import { Refused } from "../../../release/cluster.ts";
import { type Lease, leaseRef, type Run, taken } from "../../../release/lease.ts";
import {
  acquireRelease,
  awaitOthers,
  type Pace,
  type ReleaseLock,
  requestStop,
} from "../../../release/lock.ts";
import { MemoryCluster } from "../../support/memory-cluster.ts";

/** The same proportions as in earnest, much faster. */
const PACE: Pace = { poll: 5, look: 20, renew: 60, lease: 600 };
const never = new AbortController().signal;
const REF = leaseRef("sandbox");
const locks: ReleaseLock[] = [];

afterEach(async () => {
  await Promise.all(locks.splice(0).map((lock) => lock.release()));
});

function run(holder: string, doing = "deploy demo r7"): Run {
  return { holder, doing };
}

async function acquire(
  cluster: MemoryCluster,
  holder: string,
  { timeoutMs = 10_000, signal = never, onWait = (_: string) => {} } = {},
): Promise<ReleaseLock> {
  const lock = await acquireRelease(cluster, "sandbox", run(holder), { signal, timeoutMs, onWait }, PACE);
  locks.push(lock);
  return lock;
}

function holderOf(cluster: MemoryCluster): Promise<string | undefined> {
  return cluster.get<Lease>(REF).then((lease) => lease?.spec.holderIdentity);
}

function aborted(signal: AbortSignal): Promise<unknown> {
  if (signal.aborted) return Promise.resolve(signal.reason);
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason)));
}

/** A lease that nobody renews, as a killed run leaves it. */
function abandoned(holder: string, renewedAt = new Date()): Lease {
  return taken("sandbox", undefined, run(holder, "deploy demo r6"), renewedAt, 0.1);
}

it("is taken at once where nobody holds it, and given back", async () => {
  const cluster = new MemoryCluster();
  const lock = await acquire(cluster, "ana@laptop 1");
  expect(await holderOf(cluster)).toBe("ana@laptop 1");
  expect(lock.takenOver).toBeUndefined();
  await lock.release();
  expect(await holderOf(cluster)).toBeUndefined();
  await lock.release();
});

it("is held by one of many that start at once; all of them get it in the end", async () => {
  const cluster = new MemoryCluster();
  let inside = 0;
  let most = 0;
  const names = Array.from({ length: 8 }, (_, index) => `run ${index}`);
  const order = await Promise.all(
    names.map(async (name) => {
      const lock = await acquire(cluster, name);
      most = Math.max(most, ++inside);
      await sleep(15);
      inside -= 1;
      await lock.release();
      return name;
    }),
  );
  expect(order).toEqual(names);
  expect(most).toBe(1);
});

it("says behind whom it waits, and since when that one works, once", async () => {
  const cluster = new MemoryCluster();
  const first = await acquire(cluster, "ana@laptop 1");
  const said: string[] = [];
  const second = acquire(cluster, "bob@ci 2", { onWait: (text) => said.push(text) });
  await sleep(50);
  expect(said).toEqual([
    expect.stringMatching(
      /^waits for ana@laptop 1 \(deploy demo r7, since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)$/,
    ),
  ]);
  await first.release();
  await second;
  expect(await holderOf(cluster)).toBe("bob@ci 2");
});

it("gives up when the time is over, naming the holder", async () => {
  const cluster = new MemoryCluster();
  await acquire(cluster, "ana@laptop 1");
  const error = await acquire(cluster, "bob@ci 2", { timeoutMs: 30 }).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  expect(error.message).toMatch(
    /^gateway-sandbox\/slipway-release: gave up waiting for ana@laptop 1 \(deploy demo r7/,
  );
});

it("stops waiting when it is aborted", async () => {
  const cluster = new MemoryCluster();
  await acquire(cluster, "ana@laptop 1");
  const controller = new AbortController();
  const onWait = () => controller.abort(new Error("Ctrl-C"));
  await expect(acquire(cluster, "bob@ci 2", { signal: controller.signal, onWait })).rejects.toThrow();
  expect(await holderOf(cluster)).toBe("ana@laptop 1");
});

it("stays held for many times its length, by renewals", async () => {
  const cluster = new MemoryCluster();
  const lock = await acquire(cluster, "ana@laptop 1");
  await expect(acquire(cluster, "bob@ci 2", { timeoutMs: 2 * PACE.lease })).rejects.toThrow("gave up");
  expect(lock.lost.aborted).toBe(false);
});

it("is taken over from a run that died, and says whose it was", async () => {
  const cluster = new MemoryCluster(abandoned("ana@laptop 1"));
  const said: string[] = [];
  const lock = await acquire(cluster, "bob@ci 2", { onWait: (text) => said.push(text) });
  expect(said).toHaveLength(1);
  expect(lock.takenOver).toMatch(/^ana@laptop 1 \(deploy demo r6, since .*\), last heard of at .*Z$/);
});

it("is taken over at once from a run that died an hour ago", async () => {
  const cluster = new MemoryCluster(abandoned("ana@laptop 1", new Date(Date.now() - 3_600_000)));
  const said: string[] = [];
  const lock = await acquire(cluster, "bob@ci 2", { onWait: (text) => said.push(text) });
  expect(said).toEqual([]);
  expect(lock.takenOver).toContain("ana@laptop 1");
});

it("is lost when another holds it, saying who", async () => {
  const cluster = new MemoryCluster();
  const lock = await acquire(cluster, "ana@laptop 1");
  cluster.put(taken("sandbox", await cluster.get<Lease>(REF), run("bob@ci 2", "rollback demo"), new Date()));
  const reason = await aborted(lock.lost);
  expect(reason).toBeInstanceOf(UserError);
  expect(String(reason)).toContain("the lock went to bob@ci 2 (rollback demo");
  await lock.release();
  expect(await holderOf(cluster)).toBe("bob@ci 2");
});

it("is lost when it is removed", async () => {
  const cluster = new MemoryCluster();
  const lock = await acquire(cluster, "ana@laptop 1");
  await cluster.delete(REF);
  expect(String(await aborted(lock.lost))).toContain("somebody removed the lock");
});

it("survives an outage shorter than the lease, and is lost by a longer one, even when nothing answers", async () => {
  const cluster = new MemoryCluster();
  const lock = await acquire(cluster, "ana@laptop 1");
  cluster.interfere = () => Promise.reject(new UserError({ what: "no answer in time" }));
  await sleep(PACE.lease / 4);
  cluster.interfere = async () => {};
  await sleep(PACE.lease);
  expect(lock.lost.aborted).toBe(false);

  cluster.interfere = () => Promise.reject(new UserError({ what: "no answer in time" }));
  expect(String(await aborted(lock.lost))).toMatch(/could not be renewed for 0.6 s: no answer in time/);

  cluster.interfere = async () => {};
  const other = await acquire(cluster, "bob@ci 2");
  cluster.interfere = () => sleep(2 * PACE.lease);
  expect(String(await aborted(other.lost))).toContain("could not be renewed");
});

it("keeps waiting through an outage, but does not begin with one", async () => {
  const cluster = new MemoryCluster();
  const first = await acquire(cluster, "ana@laptop 1");
  const outage = () => Promise.reject(new UserError({ what: "no answer in time" }));
  cluster.interfere = outage;
  await expect(acquire(cluster, "carol@laptop 3")).rejects.toThrow("no answer in time");

  cluster.interfere = async () => {};
  const onWait = () => {
    cluster.interfere = outage;
  };
  const second = acquire(cluster, "bob@ci 2", { onWait });
  await sleep(5 * PACE.poll);
  cluster.interfere = async () => {};
  await first.release();
  await second;
  expect(await holderOf(cluster)).toBe("bob@ci 2");
});

it("says that the environment was never set up where there is no namespace", async () => {
  const cluster = new MemoryCluster();
  cluster.interfere = async (verb) => {
    if (verb === "create") throw new Refused("NotFound", 'namespaces "gateway-sandbox" not found');
  };
  await expect(acquire(cluster, "ana@laptop 1")).rejects.toThrow(
    /namespace gateway-sandbox: .*never been set up/,
  );
});

it("gives the lock back although somebody writes it meanwhile", async () => {
  const cluster = new MemoryCluster();
  const lock = await acquire(cluster, "ana@laptop 1");
  let conflicts = 2;
  cluster.interfere = async (verb) => {
    if (verb === "replace" && conflicts-- > 0) throw new Refused("Conflict", "has been modified");
  };
  await lock.release();
  expect(await holderOf(cluster)).toBeUndefined();
});

it("does not fail when the lock cannot be given back", async () => {
  const cluster = new MemoryCluster();
  const lock = await acquire(cluster, "ana@laptop 1");
  cluster.interfere = () => Promise.reject(new UserError({ what: "no answer in time" }));
  await lock.release();
  cluster.interfere = async () => {};
  expect(await holderOf(cluster)).toBe("ana@laptop 1");
});

it("passes a request to stop on to the holder, and the lock to the one that asked, before others", async () => {
  const cluster = new MemoryCluster();
  const deploy = await acquire(cluster, "ana@laptop 1");
  const others = ["carol@ci 3", "dave@ci 4"].map((holder) => acquire(cluster, holder));
  await sleep(5 * PACE.poll);

  expect(await requestStop(cluster, "sandbox", "bob@laptop 2")).toMatch(
    /^ana@laptop 1 \(deploy demo r7, since/,
  );
  const reason = await aborted(deploy.asked);
  expect(reason).toBeInstanceOf(UserError);
  expect(String(reason)).toContain("bob@laptop 2 asked this run to stop");
  expect(deploy.lost.aborted).toBe(false);

  await deploy.release();
  const rollback = await acquire(cluster, "bob@laptop 2");
  expect(rollback.takenOver).toBeUndefined();
  expect(rollback.asked.aborted).toBe(false);
  await rollback.release();
  for (const other of await Promise.all(
    others.map((lock) => lock.then((held) => held.release().then(() => held))),
  ))
    expect(other.asked.aborted).toBe(false);
});

it("asks nobody to stop where nobody else holds the lock", async () => {
  const cluster = new MemoryCluster();
  expect(await requestStop(cluster, "sandbox", "bob@laptop 2")).toBeUndefined();
  const lock = await acquire(cluster, "bob@laptop 2");
  expect(await requestStop(cluster, "sandbox", "bob@laptop 2")).toBeUndefined();
  await lock.release();
  expect(await requestStop(cluster, "sandbox", "bob@laptop 2")).toBeUndefined();
});

it("asks the one that holds the lock when the request arrives, not the one before", async () => {
  const cluster = new MemoryCluster(taken("sandbox", undefined, run("ana@laptop 1"), new Date()));
  cluster.interfere = async (verb) => {
    if (verb !== "patch") return;
    cluster.interfere = async () => {};
    cluster.put(taken("sandbox", undefined, run("carol@ci 3", "deploy demo r8"), new Date()));
  };
  expect(await requestStop(cluster, "sandbox", "bob@laptop 2")).toMatch(/^carol@ci 3 \(deploy demo r8/);
});

it("can be waited for without being taken: until it is given back, or has run out", async () => {
  const cluster = new MemoryCluster();
  const said: string[] = [];
  const options = { signal: never, timeoutMs: 10_000, onWait: (text: string) => said.push(text) };
  const others = () => awaitOthers(cluster, "sandbox", options, PACE);
  expect(await others()).toBe(false);

  const first = await acquire(cluster, "ana@laptop 1");
  const waiting = others();
  await expect
    .poll(() => said)
    .toEqual([expect.stringMatching(/^waits for ana@laptop 1 \(deploy demo r7, /)]);
  await first.release();
  expect(await waiting).toBe(true);
  expect(await holderOf(cluster)).toBeUndefined();

  await cluster.replace({
    ...abandoned("bob@ci 2"),
    metadata: (await cluster.get<Lease>(REF))?.metadata ?? REF,
  });
  expect(await others()).toBe(true);
  expect(await holderOf(cluster)).toBe("bob@ci 2");
});
