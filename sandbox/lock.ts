import { join } from "node:path";
import { acquireLock, type Lock } from "../machine/lock.ts";
import { paths } from "../machine/paths.ts";

/**
 * The lock on the sandbox's state; free as soon as its holder ends, however it ends.
 * @param what the command, for whoever finds it taken.
 */
export function lockSandbox(what: string): Promise<Lock> {
  return acquireLock(join(paths().root, "sandbox.lock"), what);
}
