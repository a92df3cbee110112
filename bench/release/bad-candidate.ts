import type { LoadReport } from "../../sandbox/load/report.ts";
import type { BenchContext } from "../bench.ts";
import type { Figure } from "../statistics.ts";
import { errorsMet, loadLine, lostRequests } from "./requests.ts";
import type { Subject } from "./subject.ts";
import { underLoad } from "./withdrawal.ts";

const RUNS = 3;

/** A candidate that answers a share of its requests with errors: how long users get to see it. */
export async function measureBadCandidate(
  subject: Subject,
  { report, signal }: BenchContext,
): Promise<Figure[]> {
  const image = subject.image("bad-errors");
  await subject.serveFrom(subject.entry.active);
  const exposed: number[] = [];
  const noticed: number[] = [];
  const reports: LoadReport[] = [];
  for (let run = 1; run <= RUNS; run += 1) {
    signal.throwIfAborted();
    const { result, report: seen } = await underLoad(subject.hostname, async (load) => {
      const { parts, figures, cause } = await subject.drive(
        "deploy",
        ["--image", image, "--yes"],
        "rolled back",
      );
      const bad = { release: parts[0]?.to.release ?? "" };
      const first = await load.firstAnswer(bad);
      const last = await load.lastAnswer(bad);
      if (first === undefined || last === undefined) throw new Error("no user ever got the bad candidate");
      return { seconds: (last - first) / 1000, detected: figures.secondsToDetect, cause };
    });
    exposed.push(result.seconds);
    if (result.detected !== undefined) noticed.push(result.detected);
    reports.push(seen);
    report(
      `bad candidate ${run} of ${RUNS}: users got it for ${result.seconds.toFixed(1)} s, taken back for ${result.cause}; ${loadLine(seen)}`,
    );
  }
  return [
    {
      name: "release.bad-candidate",
      unit: "s",
      samples: exposed,
      limit: 60,
      limitOn: "max",
      note: `from its first answer to its last; its errors met ${errorsMet(reports)}`,
    },
    {
      name: "release.bad-candidate.noticed",
      unit: "s",
      samples: noticed,
      note: "from its first users to the decision to go back",
    },
    lostRequests("release.bad-candidate.lost-requests", reports),
  ];
}
