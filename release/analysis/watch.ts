import { setTimeout as pause } from "node:timers/promises";
import type { AnalysisConfig } from "../../infra/config/schema/delivery.ts";
import type { Measurement } from "./measure.ts";
import { PrometheusUnavailable } from "./prometheus.ts";
import type { Verdict } from "./verdict.ts";

/** Time as the watch needs it; milliseconds. */
export interface Clock {
  now(): number;
  /** @throws the signal's reason when aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

const CLOCK: Clock = {
  now: () => performance.now(),
  // The timer's own error would hide why.
  sleep: (milliseconds, signal) =>
    pause(milliseconds, undefined, { signal }).catch(() => signal.throwIfAborted()),
};

/** One look at a candidate. */
export interface Look extends Verdict {
  /** Since the step began. */
  readonly seconds: number;
  /** Undefined: Prometheus could not be asked. */
  readonly measurement: Measurement | undefined;
}

/** How a step ended: what its last look said, and how many there were. */
export interface Watched extends Look {
  readonly looks: number;
}

export interface WatchOptions {
  readonly measure: (windowSeconds: number) => Promise<Measurement>;
  readonly judge: (measurement: Measurement) => Verdict;
  readonly analysis: Pick<AnalysisConfig, "window" | "interval" | "hold">;
  readonly signal: AbortSignal;
  readonly onLook: (look: Look) => void;
  /** @default the machine's */
  readonly clock?: Clock;
}

/**
 * Watches one step of a candidate. It fails at the first look that fails; it passes at the end of the window, if the look
 * there passes. Without data it waits up to `hold` longer for a look that passes, and then ends without data: whatever
 * passed before is no reason to go on blind.
 * @throws the signal's reason when aborted, and what `measure` throws, except that Prometheus is away: that is no data.
 */
export async function watchStep(options: WatchOptions): Promise<Watched> {
  const { analysis, signal, onLook, clock = CLOCK } = options;
  const window = analysis.window.milliseconds;
  const end = window + analysis.hold.milliseconds;
  const start = clock.now();
  const elapsed = () => clock.now() - start;
  for (let looks = 1; ; looks += 1) {
    const due = nextLook(elapsed(), analysis.interval.milliseconds, elapsed() < window ? window : end);
    // A timer may be a little early.
    while (elapsed() < due) await clock.sleep(Math.ceil(due - elapsed()), signal);
    const look = await lookNow(options, Math.round(elapsed()) / 1_000);
    onLook(look);
    if (isOver(look, window / 1_000, end / 1_000)) return { ...look, looks };
  }
}

/** Looks keep to multiples of the interval however long each takes, with one more at the very end. */
function nextLook(elapsed: number, interval: number, last: number): number {
  return Math.min((Math.floor(elapsed / interval) + 1) * interval, last);
}

function isOver({ outcome, seconds }: Look, windowSeconds: number, endSeconds: number): boolean {
  switch (outcome) {
    case "fail":
      return true;
    case "pass":
      return seconds >= windowSeconds;
    case "no data":
      return seconds >= endSeconds;
  }
}

async function lookNow({ measure, judge, analysis, signal }: WatchOptions, seconds: number): Promise<Look> {
  signal.throwIfAborted();
  const windowSeconds = Math.max(1, Math.round(Math.min(seconds, analysis.window.milliseconds / 1_000)));
  try {
    const measurement = await orAborted(measure(windowSeconds), signal);
    return { ...judge(measurement), seconds, measurement };
  } catch (error) {
    if (!(error instanceof PrometheusUnavailable)) throw error;
    const reasons = [`Prometheus cannot be asked: ${error.message}`];
    return { outcome: "no data", reasons, seconds, measurement: undefined };
  }
}

/** An interruption must not wait for an answer that may take long. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
