import { quantile } from "../../infra/lib/quantile.ts";
import {
  CONNECTIONS,
  type Connection,
  type Counts,
  FAILURES,
  type Failure,
  type FailureKind,
  type LoadReport,
  record,
  type SecondReport,
  type Source,
  type SourceReport,
  type Spread,
  sourceKey,
} from "./report.ts";

/** What became of one request. */
export type Outcome =
  | { readonly kind: "ok"; readonly source: Source }
  | { readonly kind: "fault"; readonly source: Source }
  | { readonly kind: Failure["kind"]; readonly what: string; readonly source?: Source };

/** One of the answering releases: all of a release's slots, or whatever is in a slot. */
export type From = { readonly release: string } | { readonly slot: string };

/** First and last answer, in milliseconds since 1970. */
export interface Times {
  readonly first: number;
  readonly last: number;
}

/** Failures that are kept with their words. */
const KEPT = 20;

interface Answers extends Source {
  ok: number;
  faults: number;
  first: number;
  last: number;
  readonly latencies: number[];
}

/** Keeps count of a load's requests. Knows no clock: all times come from outside, in milliseconds since 1970. */
export class Tally {
  readonly #started: number;
  readonly #sources = new Map<string, Answers>();
  readonly #seconds = new Map<number, { undelivered: number; answers: Record<string, number> }>();
  readonly #failed: Record<FailureKind, number> = record(FAILURES, () => 0);
  readonly #connections = record(CONNECTIONS, () => ({ sent: 0, undelivered: 0 }));
  readonly #failures: Failure[] = [];
  readonly #lateness: number[] = [];
  #ok = 0;

  constructor(started: number) {
    this.#started = started;
  }

  sent(connection: Connection, due: number, at: number): void {
    this.#connections[connection].sent += 1;
    this.#lateness.push(at - due);
  }

  done(connection: Connection, due: number, at: number, outcome: Outcome): void {
    if (outcome.source !== undefined) this.#answer(outcome.source, outcome.kind, due, at);
    if (outcome.kind === "ok") {
      this.#ok += 1;
      return;
    }
    this.#failed[outcome.kind] += 1;
    if (outcome.kind === "fault") return;
    this.#connections[connection].undelivered += 1;
    this.#second(at).undelivered += 1;
    if (this.#failures.length < KEPT)
      this.#failures.push({ at, kind: outcome.kind, connection, what: outcome.what });
  }

  /** @returns undefined when nothing has answered from there. */
  times(from: From): Times | undefined {
    const answers = [...this.#sources.values()].filter((source) =>
      "release" in from ? source.release === from.release : source.slot === from.slot,
    );
    if (answers.length === 0) return undefined;
    return {
      first: Math.min(...answers.map(({ first }) => first)),
      last: Math.max(...answers.map(({ last }) => last)),
    };
  }

  counts(): Counts {
    return {
      sent: this.#lateness.length,
      ok: this.#ok,
      failed: { ...this.#failed },
      connections: record(CONNECTIONS, (kind) => ({ ...this.#connections[kind] })),
    };
  }

  /** @param cpu processor time in milliseconds. */
  report(ended: number, cpu: number): LoadReport {
    return {
      ...this.counts(),
      started: this.#started,
      ended,
      sources: [...this.#sources.values()].map(describe),
      seconds: [...this.#seconds]
        .sort(([a], [b]) => a - b)
        .map(([second, seen]): SecondReport => ({ at: second * 1000, ...seen })),
      failures: this.#failures,
      lateness: spread(this.#lateness),
      cpu: cpu / (ended - this.#started),
    };
  }

  #answer(source: Source, kind: Outcome["kind"], due: number, at: number): void {
    const key = sourceKey(source);
    const answers: Answers = this.#sources.get(key) ?? {
      ...source,
      ok: 0,
      faults: 0,
      first: at,
      last: at,
      latencies: [],
    };
    this.#sources.set(key, answers);
    answers.last = at;
    answers.latencies.push(at - due);
    if (kind === "ok") answers.ok += 1;
    if (kind === "fault") answers.faults += 1;
    const second = this.#second(at);
    second.answers[key] = (second.answers[key] ?? 0) + 1;
  }

  #second(at: number) {
    const second = Math.floor(at / 1000);
    const seen = this.#seconds.get(second) ?? { undelivered: 0, answers: {} };
    this.#seconds.set(second, seen);
    return seen;
  }
}

function describe({ latencies, ...source }: Answers): SourceReport {
  return { ...source, latency: spread(latencies) };
}

function spread(values: readonly number[]): Spread {
  if (values.length === 0) return { p50: 0, p95: 0, max: 0 };
  return { p50: quantile(values, 0.5), p95: quantile(values, 0.95), max: quantile(values, 1) };
}
