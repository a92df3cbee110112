import assert from "node:assert/strict";
import { type Load, startLoad } from "../../sandbox/load/load.ts";
import { type LoadReport, type SourceReport, undelivered } from "../../sandbox/load/report.ts";
import type { Telling } from "../scenario.ts";
import { eventually, type Stage } from "./stage.ts";

/** Requests per second. */
const RATE = 80;

/** Steady requests to a service over old and new connections, until the end of the scenario at the latest. */
export async function traffic(
  afterwards: Telling["afterwards"],
  { hostname }: Pick<Stage, "hostname">,
): Promise<Load> {
  const load = startLoad({ hostname, rate: RATE, connections: "both" });
  afterwards(() => load.stop());
  await eventually("the first answers", async () => (await load.counts()).ok > RATE);
  return load;
}

/** Checks that every request was delivered, and that no release failed on purpose. */
export function assertNothingFailed(report: LoadReport): string {
  assertDelivered(report);
  assert.equal(report.failed.fault, 0, `${report.failed.fault} answers were faulty`);
  return `0 of ${report.sent} requests failed (${sharesIn(report)})`;
}

/**
 * Checks that every request was delivered, that only one release gave bad answers, and that no more users had to do with
 * it than its share.
 * @param share of all requests, in per cent
 */
export function assertBounded(report: LoadReport, release: string, share: number): string {
  assertDelivered(report);
  const bad = report.sources.filter(({ faults }) => faults > 0);
  assert.ok(
    bad.every((source) => source.release === release),
    `bad answers of ${bad.map((source) => source.release).join(", ")}`,
  );
  const answers = sourcesOf(report, release).reduce((sum, { ok, faults }) => sum + ok + faults, 0);
  const percent = (100 * answers) / report.sent;
  assert.ok(
    percent <= share,
    `${release} answered ${percent.toFixed(1)} % of all requests, more than ${share} %`,
  );
  return `0 of ${report.sent} requests lost; ${release} answered ${answers}, ${report.failed.fault} of them badly`;
}

/** Checks that a release never answered anybody. */
export function assertNeverAnswered(report: LoadReport, release: string): string {
  assert.deepEqual(sourcesOf(report, release), []);
  return `${assertNothingFailed(report)}; none reached ${release}`;
}

/**
 * Checks that nobody met a release after a moment.
 * @param after milliseconds since 1970
 */
export function assertGoneBy(report: LoadReport, release: string, after: number): void {
  for (const { last } of sourcesOf(report, release)) {
    assert.ok(
      last < after,
      `${release} still answered ${Math.round(last - after)} ms after it was taken back`,
    );
  }
}

function assertDelivered(report: LoadReport): void {
  const first = report.failures.map(({ at, kind, what }) => `${new Date(at).toISOString()} ${kind}: ${what}`);
  assert.equal(undelivered(report), 0, `${undelivered(report)} of ${report.sent} lost:\n${first.join("\n")}`);
}

function sourcesOf({ sources }: LoadReport, release: string): SourceReport[] {
  return sources.filter((source) => source.release === release);
}

function sharesIn({ sources }: LoadReport): string {
  return sources.map(({ release, slot, ok, faults }) => `${release} ${slot} ${ok + faults}`).join(", ");
}
