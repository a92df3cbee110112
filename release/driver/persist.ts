import { setTimeout as sleep } from "node:timers/promises";
import { NoAnswer, Refused } from "../cluster.ts";
import type { Report } from "./report.ts";

/** Time between two tries to reach the cluster, in milliseconds; the last one repeats. */
const RETRY_MS = [100, 250, 500, 1_000, 2_000];

/**
 * Does something with the cluster, trying again for as long as there is no answer.
 * @throws Refused when the answer is no, whatever else `work` throws, and the reason of `signal` when aborted.
 */
export async function persist<T>(work: () => Promise<T>, report: Report, signal: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof NoAnswer) && !isConflict(error)) throw error;
      report.status(`the cluster does not answer; trying again (${error.message.split("\n")[0]})`);
      const pause = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)];
      // The timer's own error would hide why.
      await sleep(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

/** Somebody else wrote the object at the same moment. */
function isConflict(error: unknown): error is Refused {
  return error instanceof Refused && error.reason === "Conflict";
}
