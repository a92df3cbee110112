import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { stringify } from "yaml";
import { paths } from "../../../machine/paths.ts";

export const promtool = join(paths().bin, "promtool");

/** Samples by series, in Prometheus' notation for tests: `0+10x6`, `_`, `stale`. */
export type History = Readonly<Record<string, string>>;

/** Values by labels: `{slot="green"}`. */
export type Values = Readonly<Record<string, number>>;

/**
 * Lets Prometheus' own engine evaluate an expression on made-up samples, one every five seconds.
 * @param at seconds after the first sample
 * @returns promtool's complaint; empty when the values are the expected ones.
 */
export async function evaluate(
  history: History,
  expression: string,
  at: number,
  expected: Values,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "slipway-promql-"));
  const file = join(folder, "test.yml");
  const test = {
    interval: "5s",
    input_series: Object.entries(history).map(([series, values]) => ({ series, values })),
    promql_expr_test: [
      {
        expr: expression,
        eval_time: `${at}s`,
        exp_samples: Object.entries(expected).map(([labels, value]) => ({ labels, value })),
      },
    ],
  };
  writeFileSync(file, stringify({ rule_files: [], evaluation_interval: "5s", tests: [test] }));
  try {
    const { all, exitCode } = await execa(promtool, ["test", "rules", file], { reject: false, all: true });
    return exitCode === 0 ? "" : String(all);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
