import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, expect, it } from "vitest";
import { paths } from "../../machine/paths.ts";
import { REPOSITORY } from "../../machine/repository.ts";
import { Cluster } from "../../release/cluster.ts";
import { type Lease, leaseRef } from "../../release/lease.ts";
import { acquireRelease, type ReleaseLock, requestStop } from "../../release/lock.ts";
import { CLUSTER } from "../../sandbox/addresses.ts";
import { layout } from "../../sandbox/layout.ts";

const REF = leaseRef("sandbox");
const ACCESS = {
  kubectl: join(paths().bin, "kubectl"),
  context: CLUSTER.context,
  kubeconfig: layout().kubeconfig,
};
const cluster = new Cluster(ACCESS);
const never = new AbortController().signal;
const locks: ReleaseLock[] = [];
const children: ChildProcess[] = [];

beforeAll(async () => {
  expect(existsSync(ACCESS.kubeconfig), "the sandbox does not run: npm start").toBe(true);
  const lease = await cluster.get<Lease>(REF);
  expect(lease?.spec.holderIdentity, "a release is going on in the sandbox").toBeUndefined();
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await Promise.all(locks.splice(0).map((lock) => lock.release()));
});

async function acquire(holder: string, onWait: (text: string) => void = () => {}): Promise<ReleaseLock> {
  const run = { holder, doing: "a test of the lock" };
  const lock = await acquireRelease(cluster, "sandbox", run, { signal: never, timeoutMs: 60_000, onWait });
  locks.push(lock);
  return lock;
}

function aborted(signal: AbortSignal): Promise<string> {
  if (signal.aborted) return Promise.resolve(String(signal.reason));
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(String(signal.reason))));
}

/** A run in a process of its own, once it has the lock. */
async function runElsewhere(holder: string): Promise<ChildProcess> {
  const file = (name: string) => JSON.stringify(join(REPOSITORY, "release", `${name}.ts`));
  const options = `{ signal: new AbortController().signal, timeoutMs: 60_000, onWait() {} }`;
  const run = JSON.stringify({ holder, doing: "a test that is killed" });
  const program = `
    import { Cluster } from ${file("cluster")};
    import { acquireRelease } from ${file("lock")};
    const lock = await acquireRelease(new Cluster(${JSON.stringify(ACCESS)}), "sandbox", ${run}, ${options});
    console.log("held");
    setInterval(() => lock, 1_000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  await once(child.stdout as NodeJS.ReadableStream, "data");
  return child;
}

it("is a Lease that the API server takes, free again afterwards", async () => {
  const lock = await acquire("ana@laptop 1");
  const held = await cluster.get<Lease>(REF);
  expect(held?.spec).toMatchObject({ holderIdentity: "ana@laptop 1", leaseDurationSeconds: 15 });
  expect(held?.spec.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  await lock.release();
  const free = await cluster.get<Lease>(REF);
  expect(free?.spec.holderIdentity).toBeUndefined();
  expect(free?.metadata.annotations?.["slipway.dev/doing"]).toBeUndefined();
});

it("is held by one of five at a time, and by each in turn", async () => {
  let inside = 0;
  let most = 0;
  await Promise.all(
    [1, 2, 3, 4, 5].map(async (number) => {
      const lock = await acquire(`run ${number}`);
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 300));
      inside -= 1;
      await lock.release();
    }),
  );
  expect(most).toBe(1);
});

it("stays with its holder for longer than the lease lasts", async () => {
  const lock = await acquire("ana@laptop 1");
  await new Promise((resolve) => setTimeout(resolve, 20_000));
  expect(lock.lost.aborted).toBe(false);
  expect((await cluster.get<Lease>(REF))?.spec.holderIdentity).toBe("ana@laptop 1");
});

it("goes to whoever asked the holder to stop, past those who waited before", async () => {
  const deploy = await acquire("ana@laptop 1");
  let behind = "";
  const order: string[] = [];
  const waiting = acquire("carol@ci 3", (text) => {
    behind = text;
  }).then(async (lock) => {
    order.push("carol");
    await lock.release();
  });
  while (behind === "") await new Promise((resolve) => setTimeout(resolve, 100));
  expect(behind).toMatch(/^waits for ana@laptop 1 \(a test of the lock, since \d{4}-/);

  expect(await requestStop(cluster, "sandbox", "bob@laptop 2")).toContain("ana@laptop 1");
  const rollback = acquire("bob@laptop 2").then(async (lock) => {
    order.push("bob");
    await lock.release();
  });
  expect(await aborted(deploy.asked)).toContain("bob@laptop 2 asked this run to stop");
  await deploy.release();
  await Promise.all([rollback, waiting]);
  expect(order).toEqual(["bob", "carol"]);
});

it("is taken over from a run that was killed, and says whose it was", async () => {
  const child = await runElsewhere("dave@ci 4");
  let behind = "";
  const next = acquire("ana@laptop 1", (text) => {
    behind = text;
  });
  while (behind === "") await new Promise((resolve) => setTimeout(resolve, 100));
  expect(behind).toContain("dave@ci 4 (a test that is killed");
  child.kill("SIGKILL");
  expect((await next).takenOver).toMatch(/^dave@ci 4 \(a test that is killed, since .*, last heard of at/);
});

it("is lost by a run that another has pushed aside", async () => {
  const lock = await acquire("ana@laptop 1");
  await cluster.delete(REF);
  await acquire("bob@laptop 2");
  expect(await aborted(lock.lost)).toContain("bob@laptop 2");
});
