import { availableParallelism, totalmem } from "node:os";
import Table from "cli-table3";
import { Command } from "commander";
import { suggest } from "../infra/lib/nearest.ts";
import { type BenchContext, loadBenches } from "./bench.ts";
import { type Reported, report } from "./statistics.ts";

const EXAMPLES = `
Examples:
  $ npm run bench                          everything, on the sandbox that \`npm start\` made
  $ npm run bench -- up memory             two groups
  $ npm run --silent bench -- up --json    {"NAME": {"median", "p95", "max", "unit", "runs", "limit", "missed", "peers"}}`;

/** Exit code of whatever Ctrl-C ended. */
const INTERRUPTED = 130;

const interrupted = new AbortController();

/** The first signal lets the measurement bring everything back to where it was, the second ends at once. */
function interrupt(): void {
  if (interrupted.signal.aborted) process.exit(INTERRUPTED);
  process.stderr.write("\nStopping, and bringing everything back; a second Ctrl-C ends at once ...\n");
  interrupted.abort(new Error("stopped"));
}

async function measure(names: readonly string[], { json = false }: { json?: boolean }): Promise<void> {
  const benches = await loadBenches();
  const known = benches.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new Error(`there is no measurement "${unknown}": ${suggest(unknown, known)}`);
  const figures: Record<string, Reported> = {};
  const context: BenchContext = {
    report: (status) => process.stderr.write(`    ${status}\n`),
    signal: interrupted.signal,
  };
  for (const { name, title, measure } of benches.filter(
    ({ name }) => names.length === 0 || names.includes(name),
  )) {
    process.stderr.write(`${name}: ${title}\n`);
    for (const figure of await measure(context)) figures[figure.name] = report(figure);
    context.signal.throwIfAborted();
  }
  if (json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  else printFigures(figures);
}

function printFigures(figures: Readonly<Record<string, Reported>>): void {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  process.stdout.write(`${availableParallelism()} cores, ${memory}, Node ${process.version}\n`);
  const table = new Table({
    head: ["figure", "median", "p95", "max", "unit", "runs", "limit"],
    style: { head: [], border: [], compact: true },
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

process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
await new Command("npm run bench --")
  .description("Measure the figures that the README states, on this machine.")
  .argument("[names...]", "groups to measure (default: all)")
  .option("--json", "print the figures as JSON")
  .addHelpText("after", EXAMPLES)
  .action(measure)
  .parseAsync()
  .catch((error: Error) => {
    if (!interrupted.signal.aborted) process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = interrupted.signal.aborted ? INTERRUPTED : 1;
  });
