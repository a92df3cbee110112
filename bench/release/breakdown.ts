import type { RunRecord } from "../../release/record.ts";

/** What a run's time went into, in seconds. */
export interface Breakdown {
  readonly total: number;
  /** `pulumi up`, all of them. */
  readonly engine: number;
  /** Waiting for verdicts, all steps. */
  readonly watching: number;
  /** Preflight, lock, notifications, the command's own start. */
  readonly rest: number;
}

/** @param total seconds from the command's start to its end. */
export function breakdown(
  { startedAt, events }: Pick<RunRecord, "startedAt" | "events">,
  total: number,
): Breakdown {
  const engine = events.reduce((sum, event) => sum + (event.what === "up" ? event.data.seconds : 0), 0);
  const watching = events.reduce((sum, event, index) => {
    if (event.what !== "step") return sum;
    const since = events[index - 1]?.at ?? startedAt;
    return sum + (Date.parse(event.at) - Date.parse(since)) / 1000;
  }, 0);
  return { total, engine, watching, rest: total - engine - watching };
}

const PARTS = ["watching", "engine", "rest"] as const;

/** What runs went into, largest first: `55 % engine, 41 % watching, 4 % rest`. */
export function sharesOf(times: readonly Breakdown[]): string {
  const sum = (part: keyof Breakdown) => times.reduce((total, time) => total + time[part], 0);
  return [...PARTS]
    .sort((a, b) => sum(b) - sum(a))
    .map((part) => `${Math.round((100 * sum(part)) / sum("total"))} % ${part}`)
    .join(", ");
}
