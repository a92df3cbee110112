/** Ways to reach the gateway: over connections that are kept open, or over a new one for each request. */
export const CONNECTIONS = ["keep-alive", "new"] as const;
export type Connection = (typeof CONNECTIONS)[number];

/** Why a request did not get what its user wanted. */
export const FAILURES = [
  /** A release failed on purpose: it was reached, and answered what a bad release answers. */
  "fault",
  /** Any other answer that is not a release's good one: 5xx, or one of the gateway itself. */
  "answer",
  /** Refused, reset, or cut in the middle of the answer. */
  "connection",
  /** No whole answer in time. */
  "timeout",
] as const;
export type FailureKind = (typeof FAILURES)[number];

/** Who answered. */
export interface Source {
  readonly release: string;
  readonly slot: string;
}

/** A request that did not reach a release, or whose answer did not come back whole. */
export interface Failure {
  /** When that was clear, in milliseconds since 1970. */
  readonly at: number;
  readonly kind: Exclude<FailureKind, "fault">;
  readonly connection: Connection;
  /** `502 Bad Gateway`, `ECONNRESET`. */
  readonly what: string;
}

/** How many requests, and what became of them. What is neither ok nor failed is still on its way. */
export interface Counts {
  readonly sent: number;
  readonly ok: number;
  readonly failed: Readonly<Record<FailureKind, number>>;
  /** Of each kind of connection: requests, and failures of every kind but `fault`. */
  readonly connections: Readonly<Record<Connection, { readonly sent: number; readonly undelivered: number }>>;
}

/** Median, 95th percentile and maximum in milliseconds. */
export interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** All answers of one release in one slot, good ones and faults. Times are milliseconds since 1970. */
export interface SourceReport extends Source {
  readonly ok: number;
  readonly faults: number;
  readonly first: number;
  readonly last: number;
  /** From the moment a request was due to the end of its answer: a late start of the request counts, too. */
  readonly latency: Spread;
}

/** What arrived within one second. */
export interface SecondReport {
  /** Start of the second, in milliseconds since 1970. */
  readonly at: number;
  readonly undelivered: number;
  /** Number of answers by who gave them, as {@link sourceKey} says it. */
  readonly answers: Readonly<Record<string, number>>;
}

/** What a load saw, from its start until the last request that it sent was answered or lost. */
export interface LoadReport extends Counts {
  readonly started: number;
  readonly ended: number;
  readonly sources: readonly SourceReport[];
  readonly seconds: readonly SecondReport[];
  /** The first ones; `failed` counts all. */
  readonly failures: readonly Failure[];
  /** How much later than due requests were sent. Large: this machine was too busy for the load to be exact. */
  readonly lateness: Spread;
  /** Processor time that making the load took, as a share of one core. */
  readonly cpu: number;
}

/** `r42 green`. */
export function sourceKey({ release, slot }: Source): string {
  return `${release} ${slot}`;
}

/** Failures of delivery: every kind but `fault`. */
export function undelivered({ failed }: Pick<Counts, "failed">): number {
  return FAILURES.reduce((sum, kind) => sum + (kind === "fault" ? 0 : failed[kind]), 0);
}

/** Several loads taken together. */
export function sumCounts(counts: readonly Counts[]): Counts {
  const sum = (of: (one: Counts) => number) => counts.reduce((total, one) => total + of(one), 0);
  return {
    sent: sum(({ sent }) => sent),
    ok: sum(({ ok }) => ok),
    failed: record(FAILURES, (kind) => sum(({ failed }) => failed[kind])),
    connections: record(CONNECTIONS, (kind) => ({
      sent: sum(({ connections }) => connections[kind].sent),
      undelivered: sum(({ connections }) => connections[kind].undelivered),
    })),
  };
}

/** One value per key. */
export function record<Key extends string, Value>(
  keys: readonly Key[],
  valueFor: (key: Key) => Value,
): Record<Key, Value> {
  return Object.fromEntries(keys.map((key) => [key, valueFor(key)])) as Record<Key, Value>;
}
