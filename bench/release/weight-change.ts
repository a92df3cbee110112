import { type BenchContext, timed } from "../bench.ts";
import type { Figure } from "../statistics.ts";
import type { Subject } from "./subject.ts";

const RUNS = 10;

/** `up` of one change of weights, as the driver runs it between two steps, and what its preview lists. */
export async function measureWeightChange(
  subject: Subject,
  { report, signal }: BenchContext,
): Promise<Figure[]> {
  const [low, high] = subject.service.steps;
  if (low === undefined || high === undefined) throw new Error("a weight changes between two steps");
  // The smoke test for the higher step has run, as it has whenever the driver raises the weight.
  const canary = { ...subject.entry, phase: "canary", gate: high } as const;
  await subject.bring({ ...canary, weight: low });
  const seconds: number[] = [];
  const changes: number[] = [];
  for (let run = 1; run <= RUNS; run += 1) {
    signal.throwIfAborted();
    const weight = run % 2 === 1 ? high : low;
    await subject.write({ ...canary, weight });
    changes.push(await subject.pendingChanges());
    seconds.push(...(await timed(1, () => subject.up())));
    report(`to ${weight} %: ${changes.at(-1)} resources in ${seconds.at(-1)?.toFixed(1)} s`);
  }
  return [
    { name: "release.weight-change", unit: "s", samples: seconds, limit: 5 },
    {
      name: "release.weight-change.resources",
      unit: "resources",
      samples: changes,
      limit: 1,
      limitOn: "max",
    },
  ];
}
