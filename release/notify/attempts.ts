import { setTimeout as sleep } from "node:timers/promises";
import { Undelivered } from "./channel.ts";

/** How patient to be; milliseconds. */
export interface Pace {
  /** For one attempt. */
  readonly timeoutMs: number;
  /** Waits before each further attempt. */
  readonly backOffMs: readonly number[];
}

export const PACE: Pace = { timeoutMs: 5_000, backOffMs: [500, 2_000] };

/**
 * Tries until it works, fails for good, or has been tried once more than there are waits.
 * @throws the last attempt's error
 */
export async function attempt<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { timeoutMs, backOffMs: [wait, ...later] }: Pace,
): Promise<T> {
  try {
    return await withDeadline(work, timeoutMs);
  } catch (error) {
    if (wait === undefined || !(error instanceof Undelivered) || !error.retry) throw error;
    // Whoever asks for more time than an attempt may take is not waited for: a release goes on.
    await sleep(Math.min(Math.max(wait, error.waitMs), timeoutMs));
    return attempt(work, { timeoutMs, backOffMs: later });
  }
}

/** Ends on time also where the work does not listen to its signal. */
async function withDeadline<T>(work: (signal: AbortSignal) => Promise<T>, timeoutMs: number): Promise<T> {
  const deadline = new AbortController();
  const late = new Undelivered(`no answer within ${timeoutMs / 1_000} s`, true);
  const timer = setTimeout(() => deadline.abort(late), timeoutMs);
  const over = new Promise<never>((_, reject) => {
    deadline.signal.addEventListener("abort", () => reject(late), { once: true });
  });
  try {
    return await Promise.race([work(deadline.signal), over]);
  } finally {
    clearTimeout(timer);
  }
}
