import type { Environment, SlotName } from "../infra/lib/names.ts";

export const ACTIONS = ["deploy", "promote", "rollback", "drill"] as const;
export type Action = (typeof ACTIONS)[number];

/** How a run ended. `stopped`: neither finished nor taken back; the reason says what serves. */
export const OUTCOMES = ["succeeded", "failed", "rolled back", "stopped", "nothing to do"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Why a run did not succeed, as a small set that can be counted; the sentence for people is the reason. */
export const CAUSES = [
  "preflight",
  "not ready",
  "smoke test",
  "errors",
  "latency",
  "restarts",
  "own check",
  "no data",
  "database",
  "engine",
  "cluster",
  "edited by hand",
  "asked for",
  "interrupted",
] as const;
export type Cause = (typeof CAUSES)[number];

export type Verdict = "pass" | "fail" | "no data";

/** A release in a slot. */
export interface SlotImage {
  readonly slot: SlotName;
  readonly release: string;
  readonly image: string;
}

/** What a run does to one service: `from` serves users before, `to` is meant to afterwards, also in a rollback. */
export interface Part {
  readonly service: string;
  readonly from: SlotImage;
  readonly to: SlotImage;
}

/** One thing that was compared at a step. */
export interface Comparison {
  /** In plain words: `error ratio`, `p95 latency`, `restarts`, or the name of a service's own check. */
  readonly name: string;
  readonly verdict: Verdict;
  readonly unit: "ratio" | "seconds" | "count";
  readonly candidate?: number;
  readonly active?: number;
  /** What the candidate's figure may be at most. */
  readonly limit?: number;
}

/** What was found out before anything was changed. */
export interface PreflightResult {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** A notification or a push of metrics that was tried. */
export interface Delivery {
  readonly channel: string;
  readonly ok: boolean;
  /** One line; never a secret. */
  readonly detail: string;
}

/** How a candidate was judged at a step. */
export interface StepData {
  readonly service: string;
  /** The candidate's share of the users, in per cent. */
  readonly weight: number;
  readonly verdict: Verdict;
  /** That the candidate answered within the window. */
  readonly requests: number;
  readonly comparisons: readonly Comparison[];
  /** The verdict in one sentence. */
  readonly because: string;
}

/** One move of a drill, between the two releases of a service. Times in seconds, from the command on. */
export interface DrilledMove {
  readonly service: string;
  /** `emergency`: one PATCH past the engine; `planned`: the stack file and `pulumi up`. */
  readonly way: "emergency" | "planned";
  /** Releases: the one that users leave, and the one that they come to. */
  readonly from: string;
  readonly to: string;
  /** Until the cluster had taken the PATCH, or the engine was done. */
  readonly seconds: number;
  /** Until the last answer of `from`; left out where answers do not tell their release. */
  readonly secondsToLastAnswer?: number;
  /** Probes that ended meanwhile, and how many failed; left out where nothing answers them. */
  readonly requests?: number;
  readonly failed?: number;
}

/** Something that happened in a run; the recorder adds the time. */
export type Happening =
  | { readonly what: "preflight"; readonly data: { readonly results: readonly PreflightResult[] } }
  /** The state before the first change, and after a failure: releases, pods, events, whatever helps. */
  | {
      readonly what: "state captured" | "failed state captured";
      readonly data: Readonly<Record<string, unknown>>;
    }
  | {
      readonly what: "up";
      /** `changes`: number of resources by the engine's word for it: create, update, delete. */
      readonly data: {
        readonly purpose: string;
        readonly changes: Readonly<Record<string, number>>;
        readonly seconds: number;
      };
    }
  /** `slot` has `weight` per cent of the service's users from now on, the other slot the rest. */
  | {
      readonly what: "traffic";
      readonly data: { readonly service: string; readonly slot: SlotName; readonly weight: number };
    }
  | { readonly what: "step"; readonly data: StepData }
  | { readonly what: "drilled"; readonly data: DrilledMove }
  /** It is decided that users go back; from here on the time to roll back counts. */
  | { readonly what: "going back"; readonly data: { readonly cause: Cause; readonly reason: string } }
  | { readonly what: "notified"; readonly data: { readonly deliveries: readonly Delivery[] } }
  | { readonly what: "note"; readonly data: { readonly text: string } };

/** `at`: ISO 8601 in UTC, with milliseconds. */
export type RunEvent = Happening & { readonly at: string };

/** In seconds; what did not happen is left out. */
export interface Figures {
  /** The whole run. */
  readonly seconds?: number;
  /** From the first user on the new release to the decision to go back. */
  readonly secondsToDetect?: number;
  /** From that decision to the last user back. */
  readonly secondsToRollBack?: number;
}

/** What is known when a run starts. */
export interface RunStart {
  /** What is released: the service or, for several at once, their system. */
  readonly name: string;
  readonly stack: string;
  readonly environment: Environment;
  readonly action: Action;
  readonly parts: readonly Part[];
  readonly who: {
    /** user@host */
    readonly login: string;
    /** As git knows them: `Ann Smith <ann@example.org>`. */
    readonly author?: string;
  };
  /** Address or key of the ticket that asks for this run. */
  readonly ticket?: string;
}

/** How a run ended. */
export interface RunEnd {
  readonly outcome: Outcome;
  /** Both for every outcome but `succeeded` and `nothing to do`. */
  readonly cause?: Cause;
  readonly reason?: string;
  /** What became of the database, which never goes back: "the database stays at schema 14". */
  readonly schemaNote?: string;
}

/** A run from start to end, as it is kept in a file. Without `finishedAt` it still runs, or was killed. */
export interface RunRecord extends RunStart, Partial<RunEnd> {
  readonly version: 1;
  /** 20261121T143000Z-demo-r7 */
  readonly id: string;
  readonly startedAt: string;
  readonly finishedAt?: string;
  readonly events: readonly RunEvent[];
  readonly figures: Figures;
}

/** Id of a run: sorts by time, and says what it was about. */
export function runId({ name, parts }: Pick<RunStart, "name" | "parts">, at: Date): string {
  const time = at
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(/[-:]/g, "");
  return [time, name, parts[0]?.to.release].filter(Boolean).join("-");
}

export function startedRun(start: RunStart, id: string, at: Date): RunRecord {
  return { version: 1, id, ...start, startedAt: at.toISOString(), events: [], figures: {} };
}

export function withHappening(record: RunRecord, happening: Happening, at: Date): RunRecord {
  return { ...record, events: [...record.events, { at: at.toISOString(), ...happening }] };
}

export function finishedRun(record: RunRecord, end: RunEnd, at: Date): RunRecord {
  const finished = { ...record, ...end, finishedAt: at.toISOString() };
  return { ...finished, figures: figuresOf(finished) };
}

/** Whether a run has no end: it goes on, or its process was killed. Who holds the lock knows which. */
export function isUnfinished(record: RunRecord): boolean {
  return record.finishedAt === undefined;
}

/**
 * The share of its users, in per cent, that `part.to` had last.
 * @returns undefined when the run moved no traffic of that service
 */
export function lastShare({ events }: Pick<RunRecord, "events">, part: Part): number | undefined {
  return events.flatMap((event) => shareAfter(event, part) ?? []).at(-1);
}

/** Whether a run ended with users on both releases, or with some services on the new release and some on the old. */
export function isPartial(record: RunRecord): boolean {
  const arrived =
    record.outcome === "succeeded" || (record.action === "rollback" && record.outcome === "rolled back");
  const untouched = arrived ? 100 : 0;
  const shares = record.parts.map((part) => lastShare(record, part) ?? untouched);
  return shares.some((share) => share > 0 && share < 100) || new Set(shares).size > 1;
}

/** How the steps of a run were judged, in their order. */
export function stepsOf({ events }: Pick<RunRecord, "events">): (StepData & { readonly at: string })[] {
  return events.flatMap((event) => (event.what === "step" ? [{ ...event.data, at: event.at }] : []));
}

function figuresOf(record: RunRecord): Figures {
  const started = Date.parse(record.startedAt);
  const asked = record.action === "rollback";
  // Nothing is wrong with the release that users get in a drill.
  const detected = !asked && record.action !== "drill";
  const exposed = momentOf(record, (event) =>
    record.parts.some((part) => (shareAfter(event, part) ?? 0) > 0),
  );
  const decided = asked ? started : momentOf(record, ({ what }) => what === "going back");
  return {
    ...seconds("seconds", started, Date.parse(record.finishedAt ?? "")),
    ...(detected ? seconds("secondsToDetect", exposed, decided) : {}),
    ...seconds("secondsToRollBack", decided, decided === undefined ? undefined : allBackAt(record, decided)),
  };
}

/** When the last service's users were all back; undefined while some are not, or when nobody had been moved. */
function allBackAt(record: RunRecord, since: number): number | undefined {
  const home = record.action === "rollback" ? 100 : 0;
  const moments = record.parts.flatMap((part) => {
    const moves = record.events.flatMap((event) => {
      const share = shareAfter(event, part);
      const at = Date.parse(event.at);
      return share === undefined || at < since ? [] : [{ at, share }];
    });
    if (moves.at(-1)?.share === home) return [moves.find(({ share }) => share === home)?.at ?? Number.NaN];
    return (lastShare(record, part) ?? home) === home ? [] : [Number.NaN];
  });
  const last = Math.max(...moments);
  return Number.isFinite(last) ? last : undefined;
}

function momentOf({ events }: RunRecord, matches: (event: RunEvent) => boolean): number | undefined {
  const found = events.find(matches);
  return found === undefined ? undefined : Date.parse(found.at);
}

/** The share of `part.to` after an event that moves its service's traffic. */
function shareAfter(event: RunEvent, { service, to }: Part): number | undefined {
  if (event.what !== "traffic" || event.data.service !== service) return undefined;
  return event.data.slot === to.slot ? event.data.weight : 100 - event.data.weight;
}

function seconds<Name extends keyof Figures>(
  name: Name,
  from: number | undefined,
  to: number | undefined,
): Partial<Record<Name, number>> {
  if (from === undefined || to === undefined || !(to >= from)) return {};
  return { [name]: (to - from) / 1_000 } as Record<Name, number>;
}
