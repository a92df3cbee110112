import { join } from "node:path";
import { Command } from "commander";
import { acquireLock } from "../../machine/lock.ts";
import { paths } from "../../machine/paths.ts";
import type { Urls } from "../../sandbox/stack/steps.ts";
import { interruptible } from "../ui/interrupt.ts";
import { printJson } from "../ui/output.ts";

const EXAMPLES = `
Examples:
  $ npm start                       on a terminal: asks before it installs Debian packages
  $ npm start -- --yes              asks nothing
  $ npm start -- --context my-dev   a cluster that is there, with the Gateway API and the images loaded
  $ npm start -- --kind             a cluster that kind makes in containers
  $ npm run --silent start -- --yes --json   {"urls": {"demo": ["http://…"]}, "seconds": 41.2}

The second time takes seconds: what is there is not built, installed or started again.`;

/** `slipway start`: what `npm start` runs. */
export function startCommand(): Command {
  return new Command("start")
    .description("Install the tools, start the sandbox, run pulumi up, and say where to reach what.")
    .option("--yes", "install Debian packages without asking")
    .option("--context <name>", "use the cluster of this kubeconfig context instead of a node of its own")
    .option("--kind", "use a cluster that kind makes")
    .option("--json", "print the result as JSON")
    .addHelpText("after", EXAMPLES)
    .action(start);
}

interface StartOptions {
  readonly yes?: boolean;
  readonly context?: string;
  readonly kind?: boolean;
  readonly json?: boolean;
}

async function start({ yes = false, json = false, ...choice }: StartOptions): Promise<void> {
  const { chooseTarget, confirmPackages, runSteps, startSteps } = await loadWorkers();
  const target = chooseTarget(choice);
  const started = performance.now();
  const lock = await acquireLock(join(paths().root, "start.lock"), "slipway start");
  let urls: Urls = {};
  try {
    if (target.cluster === "node") await confirmPackages(yes);
    const steps = await startSteps(target, "slipway start", (found) => {
      urls = found;
    });
    await interruptible((signal) => runSteps(steps, signal));
  } finally {
    await lock.release();
  }
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  if (json) printJson({ urls, seconds });
  else await printSummary(urls, seconds);
}

/** The clients of the engine and of Kubernetes take most of a second to load: not for `--help`. */
async function loadWorkers() {
  const [start, target, confirm, progress] = await Promise.all([
    import("../../sandbox/start.ts"),
    import("../../sandbox/target.ts"),
    import("../ui/confirm.ts"),
    import("../ui/progress.ts"),
  ]);
  return { ...start, ...target, ...confirm, ...progress };
}

const NEXT = [
  ["curl http://demo.localhost:18080/", "an answer of the demo service, with its release"],
  ["./slipway sandbox status", "what runs"],
  ['eval "$(./slipway sandbox env)"', "pulumi, kubectl and their settings in this shell"],
  ["npm test", "every test there is"],
  ["./slipway sandbox down", "remove the sandbox, keep the tools"],
];

async function printSummary(urls: Urls, seconds: number): Promise<void> {
  const { printTable } = await import("../ui/table.ts");
  process.stdout.write(`\nUp after ${seconds} s.\n\n`);
  printTable(
    ["what runs", "where"],
    Object.entries(urls).flatMap(([name, list]) => list.map((url) => [name, url])),
  );
  process.stdout.write("\n");
  printTable(["try next", "what it shows"], NEXT);
}
