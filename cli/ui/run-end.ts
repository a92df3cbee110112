import type { RunRecord } from "../../release/record.ts";
import { EXIT } from "./output.ts";

/** The exit code that tells how a run of `slipway release` ended. */
export function exitCodeOf({ outcome, cause }: Pick<RunRecord, "outcome" | "cause">): number {
  if (outcome === "succeeded" || outcome === "nothing to do") return EXIT.ok;
  return cause === "interrupted" ? EXIT.interrupted : EXIT.failed;
}
