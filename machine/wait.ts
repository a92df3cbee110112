import { setTimeout as sleep } from "node:timers/promises";

/** How long and how often to look. */
export interface WaitOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** @default 100 */
  readonly everyMs?: number;
}

const EVERY_MS = 100;

/**
 * Looks again and again until `check` returns something other than undefined, and returns that.
 * @returns undefined when the time is over. Throws what `check` throws, and the signal's reason when aborted.
 */
export async function waitFor<T>(
  check: () => Promise<T | undefined> | T | undefined,
  { signal, timeoutMs, everyMs = EVERY_MS }: WaitOptions,
): Promise<T | undefined> {
  for (const end = Date.now() + timeoutMs; ; ) {
    signal.throwIfAborted();
    const result = await check();
    if (result !== undefined) return result;
    if (Date.now() >= end) return undefined;
    await sleep(everyMs, undefined, { signal });
  }
}
