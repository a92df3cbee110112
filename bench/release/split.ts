import { setTimeout as sleep } from "node:timers/promises";
import { otherOf } from "../../release/model/states.ts";
import { startLoad } from "../../sandbox/load/load.ts";
import type { LoadReport } from "../../sandbox/load/report.ts";
import type { BenchContext } from "../bench.ts";
import type { Figure } from "../statistics.ts";
import { loadLine } from "./requests.ts";
import type { Subject } from "./subject.ts";

const REQUESTS = 10_000;
/** More than elsewhere: only the shares count here, not the times. */
const RATE = 400;
/** A gateway takes over new weights within a second. */
const SETTLE_MS = 2_000;

/** How far the candidate's share of the answers is from its weight, at each step. */
export async function measureSplit(subject: Subject, { report, signal }: BenchContext): Promise<Figure[]> {
  const candidate = otherOf(subject.entry);
  const figures: Figure[] = [];
  for (const weight of subject.service.steps) {
    await subject.bring({ ...subject.entry, phase: "canary", weight, gate: weight });
    await sleep(SETTLE_MS, undefined, { signal });
    const seen = await answers(subject.hostname, signal);
    const share = shareOf(seen, candidate);
    report(`split at ${weight} %: ${share.toFixed(2)} % of the answers; ${loadLine(seen)}`);
    figures.push({
      name: `release.split.${weight}`,
      unit: "points",
      samples: [Math.abs(share - weight)],
      limit: 2,
      limitOn: "max",
      note: `${share.toFixed(2)} % of ${seen.ok} answers`,
    });
  }
  return figures;
}

async function answers(hostname: string, signal: AbortSignal): Promise<LoadReport> {
  const load = startLoad({ hostname, rate: RATE, connections: "both" });
  try {
    await sleep((REQUESTS / RATE) * 1000, undefined, { signal });
    while ((await load.counts()).sent < REQUESTS) await sleep(100);
    return await load.stop();
  } finally {
    await load.stop().catch(() => undefined);
  }
}

/** Share of a slot's answers in per cent. */
export function shareOf({ sources }: Pick<LoadReport, "sources">, slot: string): number {
  const count = (list: LoadReport["sources"]) => list.reduce((sum, { ok, faults }) => sum + ok + faults, 0);
  return (100 * count(sources.filter((source) => source.slot === slot))) / count(sources);
}
