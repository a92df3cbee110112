import type { Answer } from "./probe.ts";

/** What the answers to a probe say before anything is moved. */
export type Telling =
  /** Every answer names the release that is meant to serve. */
  | { readonly kind: "release" }
  /** They come, but do not all say from which release. */
  | { readonly kind: "silent" }
  /** Some come from a release that should have no users. */
  | { readonly kind: "other"; readonly release: string }
  /** None comes. */
  | { readonly kind: "unreachable"; readonly fault: string };

/** @param answers at least one */
export function tellingOf(answers: readonly Answer[], serving: string): Telling {
  const faults = answers.flatMap(({ fault }) => fault ?? []);
  if (faults.length === answers.length) return { kind: "unreachable", fault: faults.at(-1) ?? "no answer" };
  const good = answers.filter(({ fault }) => fault === undefined);
  if (good.some(({ release }) => release === undefined)) return { kind: "silent" };
  const stranger = good.find(({ release }) => release !== serving)?.release;
  return stranger === undefined ? { kind: "release" } : { kind: "other", release: stranger };
}

/** What users met from a moment on, at which their traffic was to move. */
export interface Passage {
  /** From that moment to the last answer of the release that they left; 0: there was none. */
  readonly secondsToLastAnswer: number;
  readonly requests: number;
  readonly failed: number;
}

/** A move: when it began (by `performance.now()`), and which releases it is between. */
export interface Move {
  readonly since: number;
  readonly leaving: string;
  readonly arriving: string;
}

/**
 * Whether the traffic has moved: the other release answers, and the one that was left has been quiet for a while.
 * @param now by `performance.now()`
 * @param quietMs that while, in milliseconds
 */
export function hasMoved(
  answers: readonly Answer[],
  { since, leaving, arriving }: Move,
  now: number,
  quietMs: number,
): boolean {
  const arrived = answers.some(({ at, release }) => at >= since && release === arriving);
  const lastOld = answers.findLast(({ release }) => release === leaving)?.at ?? since;
  return arrived && now - Math.max(lastOld, since) >= quietMs;
}

export function passageOf(answers: readonly Answer[], { since, leaving }: Move): Passage {
  const later = answers.filter(({ at }) => at >= since);
  const last = later.findLast(({ release }) => release === leaving)?.at ?? since;
  return {
    secondsToLastAnswer: Math.round(last - since) / 1_000,
    requests: later.length,
    failed: later.filter(({ fault }) => fault !== undefined).length,
  };
}
