import { Command } from "commander";
import type { CheckResult } from "../../machine/check.ts";
import { EXIT, paint, printJson } from "../ui/output.ts";

const EXAMPLES = `
Examples:
  $ slipway doctor                     machine, tools, the stack file and the cluster of the sandbox
  $ slipway doctor --stack production  the same for production's file and cluster
  $ slipway doctor --json              {"checks": [{"area", "title", "status", "detail", "remedy"}]}`;

const MARK = {
  ok: ["green", "ok  "],
  warn: ["yellow", "warn"],
  fail: ["red", "FAIL"],
  skip: ["dim", "skip"],
} as const;

/** `slipway doctor`: checks every prerequisite and says the remedy of what is missing. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("Check this machine, the tools, a stack's file, its cluster and GitHub; say what to do.")
    .option("--stack <name>", "the stack whose file and cluster are checked", "sandbox")
    .option("--json", "print the result as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async ({ stack, json = false }: { stack: string; json?: boolean }) => {
      const [{ doctorChecks }, { runChecks }] = await Promise.all([
        import("../../doctor/checks.ts"),
        import("../../machine/check.ts"),
      ]);
      const results = await runChecks(await doctorChecks(stack));
      if (json) printJson({ checks: results });
      else for (const result of results) print(result);
      if (results.some(({ status }) => status === "fail")) process.exitCode = EXIT.failed;
    });
}

function print({ area, title, status, detail, remedy }: CheckResult): void {
  const [style, mark] = MARK[status];
  process.stdout.write(`${paint(style, mark)}  ${area}: ${title}: ${detail}\n`);
  if (remedy !== undefined && status !== "ok") process.stdout.write(`      -> ${remedy}\n`);
}
