import { Command, InvalidArgumentError } from "commander";
import type { StepContext } from "../../machine/steps.ts";
import type { SandboxStatus } from "../../sandbox/status.ts";
import { interruptible } from "../ui/interrupt.ts";
import { EXIT, paint, printJson } from "../ui/output.ts";

const EXAMPLES = `
Examples:
  $ slipway sandbox up                   the node only, without pulumi up
  $ slipway sandbox status --json        components, node, add-ons, addresses, memory, warnings
  $ slipway sandbox logs kubelet -f      follow one component's log
  $ eval "$(slipway sandbox env)"        then: pulumi preview, kubectl get pods --all-namespaces
  $ slipway sandbox down                 remove everything that up made; tools and caches stay`;

/** `slipway sandbox`: the Kubernetes node on this machine. */
export function sandboxCommand(): Command {
  return new Command("sandbox")
    .description("The real Kubernetes node on this machine: start, stop, look inside.")
    .addCommand(upCommand())
    .addCommand(downCommand())
    .addCommand(statusCommand())
    .addCommand(logsCommand())
    .addCommand(envCommand())
    .addHelpText("after", EXAMPLES);
}

interface UpOptions {
  readonly yes?: boolean;
  readonly context?: string;
  readonly kind?: boolean;
}

function upCommand(): Command {
  return new Command("up")
    .description("Start the node and its add-ons, installing the tools first where they are missing.")
    .option("--yes", "install Debian packages without asking")
    .option("--context <name>", "check the cluster of this kubeconfig context instead")
    .option("--kind", "make a cluster with kind instead")
    .action(async ({ yes = false, ...choice }: UpOptions) => {
      const [{ chooseTarget }, { sandboxUpSteps }, { confirmPackages }, { runSteps }] = await Promise.all([
        import("../../sandbox/target.ts"),
        import("../../sandbox/start.ts"),
        import("../ui/confirm.ts"),
        import("../ui/progress.ts"),
      ]);
      const target = chooseTarget(choice);
      if (target.cluster === "node") await confirmPackages(yes);
      const steps = await sandboxUpSteps(target, "slipway sandbox up");
      await interruptible((signal) => runSteps(steps, signal));
    });
}

function downCommand(): Command {
  return new Command("down")
    .description(
      "Stop the node and remove its processes, mounts, network, cgroups and state, and only those.",
    )
    .option("--kind", "remove the cluster that kind made instead")
    .action(async ({ kind = false }: { kind?: boolean }) => {
      const [{ down }, { kindDown }, { runSteps }] = await Promise.all([
        import("../../sandbox/down.ts"),
        import("../../sandbox/other-clusters.ts"),
        import("../ui/progress.ts"),
      ]);
      const remove = kind ? kindDown : down;
      const run = (context: StepContext) => remove("slipway sandbox down", context);
      await interruptible((signal) => runSteps([{ title: "Sandbox", run }], signal));
    });
}

function statusCommand(): Command {
  return new Command("status")
    .description(
      "Show what runs, where to reach it, its memory, and what to know. Exit code 1 unless it is ready.",
    )
    .option("--json", "print the status as JSON")
    .action(async ({ json = false }: { json?: boolean }) => {
      const { status } = await import("../../sandbox/status.ts");
      const found = await status();
      if (json) printJson(found);
      else await printStatus(found);
      if (found.state !== "ready") process.exitCode = EXIT.failed;
    });
}

const STATE_STYLE = { ready: "green", degraded: "yellow", stopped: "dim" } as const;
const mebibytes = (bytes: number) => (bytes === 0 ? "" : `${Math.round(bytes / 2 ** 20)} MiB`);

async function printStatus({
  state,
  components,
  node,
  addons,
  addresses,
  memoryBytes,
  warnings,
}: SandboxStatus): Promise<void> {
  process.stdout.write(`The sandbox is ${paint(STATE_STYLE[state], state)}.\n`);
  if (state === "stopped") {
    process.stdout.write("Start it: npm start\n");
    return;
  }
  const rows = components.map(({ name, state: of, pid, memoryBytes: memory }) => [
    name,
    of,
    String(pid ?? ""),
    mebibytes(memory),
  ]);
  const nodeRow = [`node ${node.name}`, node.ready ? "ready" : "not ready", "", node.version ?? ""];
  const addonRows = addons.map(({ name, ready }) => [
    `add-on ${name}`,
    ready ? "ready" : "not ready",
    "",
    "",
  ]);
  const { printTable } = await import("../ui/table.ts");
  printTable(["what", "state", "pid", ""], [...rows, nodeRow, ...addonRows]);
  process.stdout.write(`\nMemory: ${mebibytes(memoryBytes.total)} (pods ${mebibytes(memoryBytes.pods)})\n`);
  for (const [what, where] of Object.entries(addresses)) process.stdout.write(`${what}: ${where}\n`);
  for (const warning of warnings) process.stdout.write(`${paint("yellow", "note:")} ${warning}\n`);
}

function logsCommand(): Command {
  return new Command("logs")
    .description("Print the log of a component or an add-on.")
    .argument("<name>", "as `slipway sandbox status` lists them: etcd, kubelet, traefik …")
    .option("-f, --follow", "go on with what comes, until Ctrl-C")
    .option("-n, --lines <count>", "only the last lines", count)
    .action(async (name: string, options: { follow?: boolean; lines?: number }) => {
      const { logs } = await import("../../sandbox/logs.ts");
      const controller = new AbortController();
      process.once("SIGINT", () => controller.abort());
      await logs(name, {
        ...options,
        signal: controller.signal,
        write: (text) => process.stdout.write(text),
      });
    });
}

function count(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0) return number;
  throw new InvalidArgumentError("give a whole number, such as 50");
}

function envCommand(): Command {
  return new Command("env")
    .description("Print the shell commands that point pulumi and kubectl at the sandbox.")
    .action(async () => {
      const { stackPlace } = await import("../../sandbox/stack/place.ts");
      const { folder, stack, env } = stackPlace();
      const quoted = (value: string) => `'${value.replaceAll("'", `'\\''`)}'`;
      const lines = Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`);
      process.stdout.write(
        `${[...lines, `export PULUMI_STACK=${stack}`, `cd ${quoted(folder)}`].join("\n")}\n`,
      );
    });
}
