import { join } from "node:path";
import { execa } from "execa";
import { REPOSITORY } from "../../machine/repository.ts";
import { tail } from "../../machine/run.ts";
import type { Outcome, RunRecord } from "../../release/record.ts";

/**
 * Runs `./slipway release …` as a user would. It gets no Ctrl-C of the terminal's: the signal stops it, once, and it
 * brings users back to one version before it ends.
 * @returns the run's record
 * @throws Error with the command's own words when the run ended in another way than expected.
 */
export async function slipwayRelease(
  args: readonly string[],
  expected: Outcome,
  signal: AbortSignal,
): Promise<RunRecord> {
  const command = ["release", ...args, "--json"];
  const result = await execa(join(REPOSITORY, "slipway"), command, {
    reject: false,
    stdin: "ignore",
    detached: true,
    cancelSignal: signal,
    forceKillAfterDelay: false,
  });
  signal.throwIfAborted();
  const record = parse(result.stdout);
  if (record?.outcome === expected) return record;
  const seen = record === undefined ? `exit code ${result.exitCode}` : `${record.outcome}: ${record.reason}`;
  throw new Error(`slipway ${command.join(" ")}: ${seen}\n${tail(result.stderr)}`);
}

function parse(text: string): RunRecord | undefined {
  try {
    return JSON.parse(text) as RunRecord;
  } catch {
    return undefined;
  }
}
