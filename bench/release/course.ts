import { otherOf } from "../../release/model/states.ts";
import { epochNow } from "../../sandbox/load/clock.ts";
import type { LoadReport } from "../../sandbox/load/report.ts";
import type { BenchContext } from "../bench.ts";
import type { Figure } from "../statistics.ts";
import { type Breakdown, breakdown, sharesOf } from "./breakdown.ts";
import { loadLine, lostRequests } from "./requests.ts";
import type { Subject } from "./subject.ts";
import { measureWithdrawal, underLoad, type Withdrawal } from "./withdrawal.ts";

/** What the claim "no request is lost" must at least be made of. */
const REQUESTS = 30_000;
const DEPLOYS = 2;
/** Enough for a 95th percentile that is not simply the maximum. */
const ROLLBACKS = 20;

/** Healthy releases from the first step to all users, and ways back, each under load. */
export interface Course {
  readonly deploys: readonly { readonly time: Breakdown; readonly report: LoadReport }[];
  readonly rollbacks: readonly Withdrawal[];
}

/** Deploys and rolls back until there are enough of both, and enough requests during each. */
export async function runCourse(subject: Subject, context: BenchContext): Promise<Course> {
  const deploys: Course["deploys"][number][] = [];
  const rollbacks: Withdrawal[] = [];
  while (deploys.length < DEPLOYS || sent(deploys) < REQUESTS) {
    context.signal.throwIfAborted();
    deploys.push(await deploy(subject, context));
    rollbacks.push(await rollBack(subject, context));
  }
  while (rollbacks.length < ROLLBACKS || sent(rollbacks) < REQUESTS) {
    context.signal.throwIfAborted();
    // The release that was taken away serves again: whether it came by steps makes no difference to the way back.
    await subject.serveFrom(otherOf(subject.entry));
    rollbacks.push(await rollBack(subject, context));
  }
  return { deploys, rollbacks };
}

export function deployFigures({ deploys }: Course): Figure[] {
  const times = deploys.map(({ time }) => time);
  const part = (name: keyof Breakdown) => times.map((time) => time[name]);
  return [
    {
      name: "release.deploy",
      unit: "s",
      samples: part("total"),
      limit: 180,
      limitOn: "max",
      note: `through all steps: ${sharesOf(times)}`,
    },
    { name: "release.deploy.watching", unit: "s", samples: part("watching") },
    { name: "release.deploy.engine", unit: "s", samples: part("engine") },
    { name: "release.deploy.rest", unit: "s", samples: part("rest") },
    lostRequests(
      "release.deploy.lost-requests",
      deploys.map(({ report }) => report),
    ),
  ];
}

/** @param peers ways back that other tools took, by the tool's name, or why there are none. */
export function rollbackFigures(
  { rollbacks }: Course,
  peers: Readonly<Record<string, readonly Withdrawal[] | string>>,
): Figure[] {
  const figure = (of: (one: Withdrawal) => number) => ({
    samples: rollbacks.map(of),
    peers: Object.fromEntries(
      Object.entries(peers).map(([name, ways]) => [name, typeof ways === "string" ? ways : ways.map(of)]),
    ),
  });
  const lost = lostRequests(
    "release.rollback.lost-requests",
    rollbacks.map(({ report }) => report),
  );
  const { peers: lostByPeers } = figure(({ report }) => lostRequests("", [report]).samples[0] ?? 0);
  return [
    {
      name: "release.rollback",
      unit: "ms",
      ...figure(({ lastAnswer }) => lastAnswer),
      limit: 500,
      limitOn: "p95",
      note: "from the command's start to the last answer of the version that is taken away",
    },
    {
      name: "release.rollback.recorded",
      unit: "s",
      ...figure(({ done }) => done),
      limit: 15,
      limitOn: "max",
      note: "from the command's start to its end",
    },
    { ...lost, peers: lostByPeers },
  ];
}

function sent(runs: readonly { readonly report: LoadReport }[]): number {
  return runs.reduce((sum, { report }) => sum + report.sent, 0);
}

async function deploy(subject: Subject, { report }: BenchContext): Promise<Course["deploys"][number]> {
  const order = ["--image", subject.otherImage, "--yes"];
  const { result: time, report: seen } = await underLoad(subject.hostname, async () => {
    const started = epochNow();
    const record = await subject.drive("deploy", order, "succeeded");
    return breakdown(record, (epochNow() - started) / 1000);
  });
  report(`release to all users: ${time.total.toFixed(1)} s (${sharesOf([time])}); ${loadLine(seen)}`);
  return { time, report: seen };
}

async function rollBack(subject: Subject, { report }: BenchContext): Promise<Withdrawal> {
  const { serving, behind } = subject.releases;
  const move = { hostname: subject.hostname, from: serving, to: behind, requests: REQUESTS / ROLLBACKS };
  const way = await measureWithdrawal(move, () => subject.drive("rollback", [], "succeeded"));
  report(wayLine("rollback", way));
  return way;
}

/** A way back in one line. */
export function wayLine(name: string, { lastAnswer, done, report }: Withdrawal): string {
  return `${name}: last answer after ${Math.round(lastAnswer)} ms, done after ${done.toFixed(1)} s; ${loadLine(report)}`;
}
