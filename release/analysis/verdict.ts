import type { AnalysisConfig } from "../../infra/config/schema/delivery.ts";
import type { Service } from "../../infra/services/service.ts";
import type { Check } from "../../infra/services/signals.ts";
import type { CheckValue, Measurement, SlotFigures } from "./measure.ts";

export type Outcome = "pass" | "fail" | "no data";

/** What a measurement says about a candidate, and the sentences that say why. */
export interface Verdict {
  readonly outcome: Outcome;
  /** Those that decided; for a pass all of them. */
  readonly reasons: readonly string[];
}

/** One thing about a candidate, held against its limit. */
export interface Finding {
  readonly about: "requests" | "errors" | "latency" | "restarts" | "own check";
  /** In plain words, with a service's own check by its own name. */
  readonly name: string;
  readonly outcome: Outcome;
  /** The outcome with its numbers, as one sentence. */
  readonly text: string;
  readonly unit: "ratio" | "seconds" | "count";
  /** Undefined: not known. */
  readonly candidate: number | undefined;
  /** What the candidate's figure may be at most. */
  readonly limit: number | undefined;
}

/** What a candidate is held against. */
export interface Yardstick {
  readonly analysis: AnalysisConfig;
  /** Of the service; the baseline where the active slot has too few requests, as at 100 %. */
  readonly objectives: Service["objectives"];
  readonly checks: readonly Check[];
}

/**
 * Failed requests beyond what is allowed that are still put down to chance. One failed request of 50 is 2 %, so a ratio
 * alone would take back a good release for a single dropped connection. What stays allowed hardly matters where there are
 * many requests, and a candidate that is worse than allowed gets past it as they come in.
 */
const CHANCE = 1;

/** Failures are counted in whole requests; this is what adding up fractions may get wrong. */
const ROUNDING = 1e-9;

/** The outcome of all findings together: a failure that is known outweighs what is not known, and that a pass. */
export function judge(measurement: Measurement, yardstick: Yardstick): Verdict {
  const findings = compare(measurement, yardstick);
  const outcomes = findings.map(({ outcome }) => outcome);
  const outcome = (["fail", "no data"] as const).find((bad) => outcomes.includes(bad)) ?? "pass";
  return {
    outcome,
    reasons: findings.filter((finding) => finding.outcome === outcome).map(({ text }) => text),
  };
}

/**
 * Holds a candidate against its baseline: the active slot in the same window, or the service's objectives where that had
 * too few requests. It fails when
 * - more requests fail than the baseline's share plus `errorTolerance` allows, by more than one request,
 * - its p95 is above the baseline's by more than `latencyTolerance` and above `latencyFloor`,
 * - its containers restarted more than `maxRestarts` times,
 * - a check of its own is out of its bounds.
 *
 * With fewer requests than `minRequests` only restarts count, since shares of a handful of requests mean nothing. Whatever
 * is not known is no data, never a pass.
 */
export function compare(
  measurement: Measurement,
  { analysis, objectives, checks }: Yardstick,
): readonly Finding[] {
  const { candidate, active, windowSeconds } = measurement;
  if (candidate.requests < analysis.minRequests) {
    return [tooFew(candidate, analysis, windowSeconds), restarts(candidate, analysis)];
  }
  const baseline = baselineOf(active, analysis, objectives);
  return [
    errors(candidate, baseline, analysis),
    latency(candidate, baseline, analysis),
    restarts(candidate, analysis),
    ...checks.map((check) => ownCheck(check, measurement.checks)),
  ];
}

interface Baseline {
  /** Share of failed requests in per cent, and whose it is. */
  readonly errors: { readonly percent: number; readonly text: string };
  readonly p95: { readonly seconds: number; readonly text: string };
}

function baselineOf(
  active: SlotFigures,
  analysis: AnalysisConfig,
  objectives: Service["objectives"],
): Baseline {
  const counts = active.requests >= analysis.minRequests;
  const p95 = counts ? active.p95Seconds : undefined;
  const objective = objectives.latency.p95.milliseconds / 1_000;
  const allowed = 100 - objectives.availability;
  return {
    errors: counts
      ? {
          percent: percentOf(active),
          text: `active ${percent(percentOf(active))} of ${count(active.requests)}`,
        }
      : { percent: allowed, text: `objective ${percent(allowed)}` },
    p95:
      p95 === undefined
        ? { seconds: objective, text: `objective ${milliseconds(objective)}` }
        : { seconds: p95, text: `active ${milliseconds(p95)}` },
  };
}

function percentOf({ errors: failed, requests }: SlotFigures): number {
  return (100 * failed) / requests;
}

function tooFew({ requests }: SlotFigures, { minRequests }: AnalysisConfig, windowSeconds: number): Finding {
  const some = requests === 0 ? "no requests" : plural(requests, "request");
  return {
    about: "requests",
    name: "requests",
    outcome: "no data",
    text: `${some} in ${windowSeconds} s; at least ${count(minRequests)} needed`,
    unit: "count",
    candidate: requests,
    limit: undefined,
  };
}

function errors(candidate: SlotFigures, baseline: Baseline, { errorTolerance }: AnalysisConfig): Finding {
  const limit = Math.min(100, baseline.errors.percent + errorTolerance);
  const beyond = candidate.errors - (limit / 100) * candidate.requests;
  const own = `errors ${percent(percentOf(candidate))} of ${plural(candidate.requests, "request")}`;
  const text = `${own}; ${baseline.errors.text}; at most ${percent(limit)} allowed`;
  const chance = beyond > ROUNDING && beyond <= CHANCE + ROUNDING;
  return {
    about: "errors",
    name: "error ratio",
    outcome: beyond > CHANCE + ROUNDING ? "fail" : "pass",
    text: chance ? `${text}, but ${plural(candidate.errors, "failed request")} may be chance` : text,
    unit: "ratio",
    candidate: candidate.errors / candidate.requests,
    limit: limit / 100,
  };
}

function latency(
  { p95Seconds }: SlotFigures,
  baseline: Baseline,
  { latencyTolerance, latencyFloor }: AnalysisConfig,
): Finding {
  const floor = latencyFloor.milliseconds / 1_000;
  const limit = Math.max(floor, baseline.p95.seconds * (1 + latencyTolerance / 100));
  return {
    about: "latency",
    name: "p95 latency",
    outcome: against(p95Seconds, limit),
    text:
      p95Seconds === undefined
        ? "latency is not known"
        : `p95 ${milliseconds(p95Seconds)}; ${baseline.p95.text}; at most ${milliseconds(limit)} allowed`,
    unit: "seconds",
    candidate: p95Seconds,
    limit,
  };
}

function restarts({ restarts: times }: SlotFigures, { maxRestarts }: AnalysisConfig): Finding {
  return {
    about: "restarts",
    name: "restarts",
    outcome: against(times, maxRestarts),
    text:
      times === undefined
        ? "container restarts are not known"
        : `${plural(times, "container restart")}; at most ${count(maxRestarts)} allowed`,
    unit: "count",
    candidate: times,
    limit: maxRestarts,
  };
}

function ownCheck({ name, min, max }: Check, values: readonly CheckValue[]): Finding {
  const value = values.find((own) => own.name === name)?.value;
  const bounds = [
    ...(min === undefined ? [] : [`at least ${number(min)} required`]),
    ...(max === undefined ? [] : [`at most ${number(max)} allowed`]),
  ];
  const low = value !== undefined && value < (min ?? -Infinity);
  return {
    about: "own check",
    name,
    outcome: low ? "fail" : against(value, max ?? Infinity),
    text: value === undefined ? `${name} has no value` : `${name} ${number(value)}; ${bounds.join(", ")}`,
    unit: "count",
    candidate: value,
    limit: max,
  };
}

function against(value: number | undefined, limit: number): Outcome {
  if (value === undefined) return "no data";
  return value > limit ? "fail" : "pass";
}

const PERCENT = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 2 });
const COUNT = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const MILLISECONDS = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const NUMBER = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });

function percent(value: number): string {
  return `${PERCENT.format(value)} %`;
}

function milliseconds(seconds: number): string {
  return `${MILLISECONDS.format(seconds * 1_000)} ms`;
}

function count(value: number): string {
  return COUNT.format(value);
}

function number(value: number): string {
  return NUMBER.format(value);
}

function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${Math.round(value) === 1 ? "" : "s"}`;
}
