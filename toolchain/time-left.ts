import type { StepContext } from "../machine/steps.ts";
import type { Build } from "./tools.ts";

/** `75` -> `1 min 15 s`, `12.3` -> `12 s`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/**
 * Estimates how long the remaining builds take, from their times on a reference machine
 * and from how much faster or slower this machine was so far.
 */
export class TimeLeft {
  readonly #waiting: Set<Build>;
  readonly #now: () => number;
  #expected = 0;
  #spent = 0;
  #startedAt = 0;

  constructor(builds: readonly Build[], now: () => number = Date.now) {
    this.#waiting = new Set(builds);
    this.#now = now;
  }

  /** Marks a build as running; the context that comes back adds the time left to each status. */
  start(build: Build, context: StepContext): StepContext {
    this.#waiting.delete(build);
    this.#startedAt = this.#now();
    const report = (status: string) =>
      context.report(`${status} (about ${formatSeconds(this.seconds(build))} left)`);
    return { signal: context.signal, report };
  }

  /** Seconds until all builds are done, while `running` runs. */
  seconds(running: Build): number {
    const elapsed = (this.#now() - this.#startedAt) / 1000;
    const rest = Math.max(running.seconds * this.#pace() - elapsed, 1);
    const waiting = [...this.#waiting].reduce((sum, build) => sum + build.seconds, 0);
    return rest + waiting * this.#pace();
  }

  finish(build: Build): void {
    this.#expected += build.seconds;
    this.#spent += (this.#now() - this.#startedAt) / 1000;
  }

  /** This machine's time for one second of the reference machine. */
  #pace(): number {
    return this.#expected === 0 ? 1 : this.#spent / this.#expected;
  }
}
