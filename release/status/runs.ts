import { doingOf, type Lease, standing } from "../lease.ts";
import {
  type Comparison,
  isUnfinished,
  type Outcome,
  type RunRecord,
  stepsOf,
  type Verdict,
} from "../record.ts";

/** Who may release just now. */
export interface LockStatus {
  /** `expired`: its holder has not been heard of for a minute. */
  readonly state: "free" | "held" | "expired" | "not known";
  /** `ana@laptop 4711 (deploy demo r7, since 2026-11-21T14:32:05Z)` */
  readonly by?: string;
  /** `deploy demo r7` */
  readonly doing?: string;
}

/** A run of the release driver, as far as a view of the present needs it. */
export interface RunStatus {
  readonly id: string;
  readonly action: RunRecord["action"];
  /** Releases: `from` served users before, `to` was meant to afterwards. */
  readonly from: string;
  readonly to: string;
  /** `unfinished`: waits for its turn, or its process was killed. */
  readonly state: Outcome | "running" | "unfinished";
  readonly startedAt: string;
  readonly finishedAt?: string;
  readonly reason?: string;
}

/** How a candidate was judged, at which share of the users. */
export interface StepVerdict {
  readonly release: string;
  /** Per cent. */
  readonly weight: number;
  readonly verdict: Verdict;
  /** That the candidate answered within the window. */
  readonly requests: number;
  readonly comparisons: readonly Comparison[];
  readonly because: string;
  readonly at: string;
}

export function lockStatus(lease: Lease | undefined, now: Date): LockStatus {
  const found = standing(lease, "", { now, unchangedMs: 0 });
  switch (found.kind) {
    case "free":
      return { state: "free" };
    case "expired":
      return { state: "expired", by: found.former };
    case "held": {
      const doing = lease === undefined ? undefined : doingOf(lease);
      return { state: "held", by: found.by, ...(doing === undefined ? {} : { doing }) };
    }
  }
}

/** The newest run that a service was part of. */
export function lastRunOf(
  records: readonly RunRecord[],
  service: string,
  lock: LockStatus,
): RunStatus | undefined {
  const run = ofService(records, service).at(-1);
  const part = partOf(run, service);
  if (run === undefined || part === undefined) return undefined;
  const { id, action, startedAt, finishedAt, reason, outcome } = run;
  return {
    id,
    action,
    from: part.from.release,
    to: part.to.release,
    state: outcome ?? (holds(run, lock) ? "running" : "unfinished"),
    startedAt,
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(reason === undefined ? {} : { reason }),
  };
}

export function lastVerdictOf(records: readonly RunRecord[], service: string): StepVerdict | undefined {
  const verdicts = ofService(records, service).flatMap((run) =>
    stepsOf(run)
      .filter((step) => step.service === service)
      .map(({ service: _, ...step }) => ({ release: partOf(run, service)?.to.release ?? "", ...step })),
  );
  return verdicts.at(-1);
}

function ofService(records: readonly RunRecord[], service: string): RunRecord[] {
  return records.filter((run) => partOf(run, service) !== undefined);
}

function partOf(run: RunRecord | undefined, service: string): RunRecord["parts"][number] | undefined {
  return run?.parts.find((part) => part.service === service);
}

/** Whether the lock is this run's: who waits for it has an unfinished record, too. */
function holds(run: RunRecord, { state, by = "", doing = "" }: LockStatus): boolean {
  const { who, action, name } = run;
  return (
    isUnfinished(run) &&
    state === "held" &&
    by.startsWith(`${who.login} `) &&
    doing.startsWith(`${action} ${name} `)
  );
}
