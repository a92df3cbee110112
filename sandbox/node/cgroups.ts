import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../infra/lib/errors.ts";
import { CLUSTER } from "../addresses.ts";

/** A mounted cgroup hierarchy. */
export interface CgroupMount {
  readonly path: string;
  readonly version: 1 | 2;
}

const RMDIR_TRIES = 100;
const RMDIR_WAIT_MS = 50;

/** The cgroup mounts in the text of /proc/self/mountinfo. */
export function parseCgroupMounts(mountinfo: string): CgroupMount[] {
  return mountinfo.split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const path = before.split(" ")[4];
    const type = after.split(" ")[0];
    if (path === undefined || (type !== "cgroup" && type !== "cgroup2")) return [];
    return [{ path, version: type === "cgroup2" ? (2 as const) : (1 as const) }];
  });
}

/** Which version the machine's resource limits use: 1 as soon as any controller is mounted the old way. */
export function cgroupVersion(mounts: readonly CgroupMount[]): 1 | 2 {
  return mounts.some(({ version }) => version === 1) ? 1 : 2;
}

/** This machine's cgroup mounts. */
export function cgroupMounts(): CgroupMount[] {
  const mounts = parseCgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
  if (mounts.length === 0) {
    throw new UserError({
      what: "no cgroup hierarchy is mounted; the kubelet cannot limit pods without",
      where: "/proc/self/mountinfo",
      remedy: "mount it: mount -t cgroup2 none /sys/fs/cgroup; or use an existing cluster: --context NAME",
    });
  }
  return mounts;
}

/** Makes the cgroup below which the kubelet puts all pods, in every hierarchy. */
export function ensureCgroups(mounts: readonly CgroupMount[]): void {
  const version = cgroupVersion(mounts);
  for (const mount of mounts.filter((candidate) => candidate.version === version)) {
    if (mount.version === 2) delegateControllers(mount.path);
    const folder = join(mount.path, CLUSTER.cgroup);
    mkdirSync(folder, { recursive: true });
    for (const file of ["cpuset.cpus", "cpuset.mems"]) inheritCpuset(mount.path, folder, file);
  }
}

/** Pids of every process in the sandbox's cgroups. */
export function cgroupProcesses(mounts: readonly CgroupMount[]): number[] {
  const pids = mounts.flatMap(({ path }) =>
    foldersBelow(join(path, CLUSTER.cgroup)).flatMap((folder) =>
      readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number),
    ),
  );
  return [...new Set(pids)];
}

/** Removes the sandbox's cgroups; they must be empty or about to be. */
export async function removeCgroups(mounts: readonly CgroupMount[]): Promise<void> {
  for (const { path } of mounts) {
    for (const folder of foldersBelow(join(path, CLUSTER.cgroup)).reverse()) await removeCgroup(folder);
  }
}

/** A killed process leaves its cgroup a moment after it is gone from /proc. */
async function removeCgroup(folder: string): Promise<void> {
  for (let attempt = 1; existsSync(folder); attempt++) {
    try {
      rmdirSync(folder);
    } catch (error) {
      if (attempt === RMDIR_TRIES) throw error;
      await sleep(RMDIR_WAIT_MS);
    }
  }
}

function delegateControllers(root: string): void {
  const wanted = readFileSync(join(root, "cgroup.controllers"), "utf8").trim().split(" ");
  const control = join(root, "cgroup.subtree_control");
  const given = new Set(readFileSync(control, "utf8").trim().split(" "));
  const missing = ["cpu", "cpuset", "io", "memory", "pids"].filter(
    (name) => wanted.includes(name) && !given.has(name),
  );
  if (missing.length > 0) writeFileSync(control, missing.map((name) => `+${name}`).join(" "));
}

/** In version 1 a new cpuset is empty and takes no process until it names processors and memory. */
function inheritCpuset(parent: string, folder: string, file: string): void {
  const target = join(folder, file);
  if (!existsSync(target) || readFileSync(target, "utf8").trim() !== "") return;
  writeFileSync(target, readFileSync(join(parent, file), "utf8"));
}

/** The folder and all below it, parents first; empty when it does not exist. */
function foldersBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const below = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => foldersBelow(join(folder, entry.name)));
  return [folder, ...below];
}
