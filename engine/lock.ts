import { readdir, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { liveProcess } from "../machine/processes.ts";

/** The engine's note that an update is running, as it writes it into a state folder. */
interface UpdateLock {
  readonly pid: number;
  readonly hostname: string;
}

/** Whether the process that took a lock is gone for certain: it ran on this machine and does not any more. */
export function isDead(lock: UpdateLock, thisHost: string, isRunning: (pid: number) => boolean): boolean {
  return lock.hostname === thisHost && !isRunning(lock.pid);
}

/**
 * Removes locks of engines that died on this machine, for a state in a folder (`file://`). Others are left alone:
 * the engine then says who holds the stack.
 * @returns the pids of the dead.
 */
export async function removeDeadLocks(backendUrl: string, project: string, stack: string): Promise<number[]> {
  if (!backendUrl.startsWith("file:")) return [];
  const folder = join(fileURLToPath(backendUrl), ".pulumi", "locks", "organization", project, stack);
  const files = await readdir(folder).catch(() => []);
  const removed: number[] = [];
  for (const file of files) {
    const lock = JSON.parse(await readFile(join(folder, file), "utf8")) as UpdateLock;
    if (!isDead(lock, hostname(), (pid) => liveProcess(pid) !== undefined)) continue;
    await rm(join(folder, file));
    removed.push(lock.pid);
  }
  return removed;
}
