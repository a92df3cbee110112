import { Command } from "commander";
import { UserError } from "../infra/lib/errors.ts";
import { suggest } from "../infra/lib/nearest.ts";
import { loadScenarios, runScenario, type Scenario, type ScenarioResult } from "./scenario.ts";

const EXAMPLES = `
Examples:
  $ npm run scenarios                 all of them, on the sandbox that \`npm start\` made
  $ npm run scenarios -- S2 S3        two of them
  $ npm run --silent scenarios -- --json   [{"id", "title", "result", "seconds", "evidence"}]

Exit codes: 0 all passed, 1 one failed, 130 stopped by Ctrl-C.`;

async function runChosen(ids: readonly string[], { json = false }: { json?: boolean }): Promise<void> {
  const scenarios = await loadScenarios();
  const known = scenarios.map(({ id }) => id);
  const unknown = ids.filter((id) => !known.includes(id));
  if (unknown.length > 0)
    throw new UserError(
      unknown.map((id) => ({ what: `there is no scenario "${id}"`, remedy: suggest(id, known) })),
    );
  const chosen = scenarios.filter(({ id }) => ids.length === 0 || ids.includes(id));
  const stop = new AbortController();
  const onSignal = () => stop.abort(new Error("stopped"));
  // The second one ends the process at once.
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  const results = await runAll(chosen, json, stop.signal);
  if (json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  const failed = results.filter(({ result }) => result === "failed").length;
  process.stderr.write(`${results.length - failed} passed, ${failed} failed\n`);
  if (failed > 0) process.exitCode = stop.signal.aborted ? 130 : 1;
}

/** One after the other; after Ctrl-C no further one. */
async function runAll(
  scenarios: readonly Scenario[],
  json: boolean,
  signal: AbortSignal,
): Promise<ScenarioResult[]> {
  const results: ScenarioResult[] = [];
  for (const scenario of scenarios) {
    process.stderr.write(`${scenario.id}  ${scenario.title}\n`);
    const say = (sentence: string) => process.stderr.write(`    ${sentence}\n`);
    const result = await runScenario(scenario, say, signal);
    results.push(result);
    process.stderr.write(`    ${result.result} in ${result.seconds.toFixed(1)} s\n`);
    if (!json) process.stdout.write(`${result.evidence.map((line) => `      ${line}`).join("\n")}\n`);
    if (signal.aborted) break;
  }
  return results;
}

await new Command("npm run scenarios --")
  .description("Prove the scenarios on the running sandbox, with real components.")
  .argument("[ids...]", "scenarios to run (default: all)")
  .option("--json", "print the results as JSON")
  .addHelpText("after", EXAMPLES)
  .action(runChosen)
  .parseAsync()
  .catch((error: Error) => {
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 1;
  });
