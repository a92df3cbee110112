import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { isDead, removeDeadLocks } from "../../engine/lock.ts";

/** No process has it: pids end below. */
const NOBODY = 2 ** 22 + 1;

let state: string;
let folder: string;

beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), "slipway-state-"));
  folder = join(state, ".pulumi", "locks", "organization", "slipway", "sandbox");
  await mkdir(folder, { recursive: true });
});

afterEach(() => rm(state, { recursive: true }));

const lock = (name: string, pid: number, host = hostname()) =>
  writeFile(
    join(folder, name),
    JSON.stringify({ pid, username: "root", hostname: host, timestamp: "2026-01-01T00:00:00Z" }),
  );

it("knows a dead owner only on this machine", () => {
  const running = (pid: number) => pid === 1;
  expect(isDead({ pid: 2, hostname: "here" }, "here", running)).toBe(true);
  expect(isDead({ pid: 1, hostname: "here" }, "here", running)).toBe(false);
  expect(isDead({ pid: 2, hostname: "there" }, "here", running)).toBe(false);
});

it("removes the locks of the dead and leaves those of others", async () => {
  await lock("dead.json", NOBODY);
  await lock("alive.json", process.pid);
  await lock("elsewhere.json", NOBODY, "another-machine");
  expect(await removeDeadLocks(pathToFileURL(state).href, "slipway", "sandbox")).toEqual([NOBODY]);
  expect((await readdir(folder)).sort()).toEqual(["alive.json", "elsewhere.json"]);
});

it("has nothing to do without locks, and for a state elsewhere", async () => {
  expect(await removeDeadLocks(pathToFileURL(join(state, "none")).href, "slipway", "sandbox")).toEqual([]);
  expect(await removeDeadLocks("s3://bucket", "slipway", "sandbox")).toEqual([]);
});
