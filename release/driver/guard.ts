import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { StackPlace } from "../../engine/stack.ts";
import type { Setting } from "./session.ts";

/** What the guard is told at its start, as a line of JSON. */
export interface Watch {
  readonly place: StackPlace;
  readonly names: readonly string[];
  /** Of a drill: the stack file's text before it. */
  readonly before?: string;
  /** The process that is watched, for the record. */
  readonly pid: number;
}

/** The word that ends the watch in peace. */
export const DISMISSED = "dismissed";

/** A process of its own that takes a release back, or ends a drill, should this one die. */
export interface Guard {
  /** To be called when users are on one version, whichever it is. */
  dismiss(): Promise<void>;
}

const PROGRAM = join(import.meta.dirname, "..", "guard.ts");

/**
 * Starts a guard. It reads a pipe that only this process writes to: the kernel closes it when this process dies, however
 * that happens. In a session of its own, so that no signal to this one's group reaches it.
 */
export async function startGuard(
  { place }: Setting,
  watched: Pick<Watch, "names" | "before">,
): Promise<Guard> {
  const guard = spawn(process.execPath, [PROGRAM], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  await once(guard, "spawn");
  // A guard that died itself must not take this process with it.
  guard.stdin.on("error", () => {});
  guard.unref();
  const watch: Watch = { place, pid: process.pid, ...watched };
  guard.stdin.write(`${JSON.stringify(watch)}\n`);
  return {
    dismiss: async () => {
      guard.ref();
      guard.stdin.end(`${DISMISSED}\n`);
      if (guard.exitCode === null && guard.signalCode === null) await once(guard, "exit");
    },
  };
}
