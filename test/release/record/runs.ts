import type { SlotName } from "../../../infra/lib/names.ts";
import {
  finishedRun,
  type Happening,
  type RunEnd,
  type RunRecord,
  type RunStart,
  runId,
  startedRun,
  withHappening,
} from "../../../release/record.ts";

/** When every run of the tests starts. */
export const START = new Date("2026-11-21T14:30:00.000Z");

/** A moment so many seconds after the start. */
export function atSecond(seconds: number): Date {
  return new Date(START.getTime() + seconds * 1_000);
}

export const DEPLOY: RunStart = {
  name: "demo",
  stack: "production",
  environment: "production",
  action: "deploy",
  parts: [
    {
      service: "demo",
      from: { slot: "blue", release: "r6", image: "ghcr.io/acme/demo@sha256:aa" },
      to: { slot: "green", release: "r7", image: "ghcr.io/acme/demo@sha256:bb" },
    },
  ],
  who: { login: "ann@laptop", author: "Ann Smith <ann@example.org>" },
  ticket: "https://tickets.example.org/OPS-7",
};

/** Two services of one system, released together. */
export const GROUP: RunStart = {
  ...DEPLOY,
  name: "paws360",
  parts: ["paws360-backend", "paws360-frontend"].map((service) => ({
    service,
    from: { slot: "blue", release: "r41", image: `ghcr.io/acme/${service}@sha256:aa` },
    to: { slot: "green", release: "r42", image: `ghcr.io/acme/${service}@sha256:bb` },
  })),
};

export function traffic(service: string, slot: SlotName, weight: number): Happening {
  return { what: "traffic", data: { service, slot, weight } };
}

export const FAILED_STEP: Happening = {
  what: "step",
  data: {
    service: "demo",
    weight: 5,
    verdict: "fail",
    requests: 212,
    because: "errors 4.2 % of 212 requests; active 0 %; at most 2 % allowed",
    comparisons: [
      { name: "error ratio", verdict: "fail", unit: "ratio", candidate: 0.042, active: 0, limit: 0.02 },
      {
        name: "p95 latency",
        verdict: "pass",
        unit: "seconds",
        candidate: 0.0123,
        active: 0.012,
        limit: 0.05,
      },
    ],
  },
};

export const GOING_BACK: Happening = {
  what: "going back",
  data: { cause: "errors", reason: "demo at 5 %: fail: errors 4.2 %" },
};

/** A run of which this happened, each at so many seconds after the start. */
export function runOf(
  start: RunStart,
  happenings: readonly (readonly [number, Happening])[],
  end?: readonly [number, RunEnd],
): RunRecord {
  const begun = startedRun(start, runId(start, START), START);
  const run = happenings.reduce(
    (record, [at, happening]) => withHappening(record, happening, atSecond(at)),
    begun,
  );
  return end === undefined ? run : finishedRun(run, end[1], atSecond(end[0]));
}

/** A deploy that was noticed at 5 % and taken back. */
export function takenBackRun(start: RunStart = DEPLOY): RunRecord {
  return runOf(
    start,
    [
      [1, { what: "preflight", data: { results: [{ check: "image", ok: true, detail: "is there" }] } }],
      [12, { what: "up", data: { purpose: "r7 of demo into green", changes: { create: 3 }, seconds: 10.2 } }],
      [20, traffic("demo", "green", 5)],
      [32.5, FAILED_STEP],
      [32.5, GOING_BACK],
      [32.81, traffic("demo", "blue", 100)],
    ],
    [
      40,
      {
        outcome: "rolled back",
        cause: "errors",
        reason: "demo at 5 %: fail: errors 4.2 %",
        schemaNote: "the database stays at schema 14",
      },
    ],
  );
}

export function succeededRun(start: RunStart = DEPLOY): RunRecord {
  const all = start.parts.map(({ service }) => [30, traffic(service, "green", 100)] as const);
  return runOf(start, all, [95, { outcome: "succeeded" }]);
}
