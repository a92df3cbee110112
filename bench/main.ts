import { availableParallelism, totalmem } from "node:os";
import Table from "cli-table3";
import { Command } from "commander";
import { suggest } from "../infra/lib/nearest.ts";
import { loadBenches } from "./bench.ts";
import { type Reported, report } from "./statistics.ts";

const EXAMPLES = `
Examples:
  $ npm run bench                          everything, on the sandbox that \`npm start\` made
  $ npm run bench -- up memory             two groups
  $ npm run --silent bench -- up --json    {"NAME": {"median", "p95", "max", "unit", "runs", "limit", "missed", "peers"}}`;

async function measure(names: readonly string[], { json = false }: { json?: boolean }): Promise<void> {
  const benches = await loadBenches();
  const known = benches.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new Error(`there is no measurement "${unknown}": ${suggest(unknown, known)}`);
  const figures: Record<string, Reported> = {};
  for (const { name, title, measure } of benches.filter(
    ({ name }) => names.length === 0 || names.includes(name),
  )) {
    process.stderr.write(`${name}: ${title}\n`);
    const measured = await measure({ report: (status) => process.stderr.write(`    ${status}\n`) });
    for (const figure of measured) figures[figure.name] = report(figure);
  }
  if (json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  else printFigures(figures);
}

function printFigures(figures: Readonly<Record<string, Reported>>): void {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  process.stdout.write(`${availableParallelism()} cores, ${memory}, Node ${process.version}\n`);
  const table = new Table({
    head: ["figure", "median", "p95", "max", "unit", "runs", "limit"],
    style: { head: [] },
  });
  for (const [name, figure] of Object.entries(figures)) {
    const { median, p95, max, unit, runs, note, peers = {} } = figure;
    table.push([name, median, p95, max, unit, runs, limitOf(figure)]);
    if (note !== undefined) table.push([{ content: `  ${note}`, colSpan: 7 }]);
    for (const [peer, theirs] of Object.entries(peers)) {
      if (typeof theirs === "string") table.push([{ content: `  ${peer}: ${theirs}`, colSpan: 7 }]);
      else table.push([`  ${peer}`, theirs.median, theirs.p95, theirs.max, unit, theirs.runs, ""]);
    }
  }
  process.stdout.write(`${table.toString()}\n`);
}

/** `500 (p95), missed` */
function limitOf({ limit, limitOn = "median", missed }: Reported): string {
  if (limit === undefined) return "";
  return `${limit} (${limitOn})${missed === true ? ", missed" : ""}`;
}

await new Command("npm run bench --")
  .description("Measure the figures that the README states, on this machine.")
  .argument("[names...]", "groups to measure (default: all)")
  .option("--json", "print the figures as JSON")
  .addHelpText("after", EXAMPLES)
  .action(measure)
  .parseAsync()
  .catch((error: Error) => {
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 1;
  });
