import { Command } from "commander";
import { paths } from "../../machine/paths.ts";
import { down } from "../../sandbox/down.ts";
import { stackPlace } from "../../sandbox/stack/project.ts";
import { upSteps } from "../../sandbox/up.ts";
import { toolchainSteps } from "../../toolchain/install.ts";
import { confirmPackages } from "../ui/confirm.ts";
import { interruptible } from "../ui/interrupt.ts";
import { runSteps } from "../ui/progress.ts";

const EXAMPLES = `
Examples:
  $ slipway sandbox up                   the node only, without pulumi up
  $ slipway sandbox status --json        components, node, add-ons, addresses, warnings
  $ slipway sandbox logs kubelet -f      follow one component's log
  $ eval "$(slipway sandbox env)"        then: pulumi preview, kubectl get pods --all-namespaces
  $ slipway sandbox down                 remove everything that up made; tools and caches stay`;

/** `slipway sandbox`: the Kubernetes node on this machine. */
export function sandboxCommand(): Command {
  return new Command("sandbox")
    .description("The real Kubernetes node on this machine: start, stop, look inside.")
    .addCommand(upCommand())
    .addCommand(downCommand())
    .addCommand(envCommand())
    .addHelpText("after", EXAMPLES);
}

function upCommand(): Command {
  return new Command("up")
    .description("Start the node and its add-ons, installing the tools first where they are missing.")
    .option("--yes", "install Debian packages without asking")
    .action(async ({ yes = false }: { yes?: boolean }) => {
      await confirmPackages(yes);
      const steps = [...(await toolchainSteps({ paths: paths() })), ...upSteps("slipway sandbox up")];
      await interruptible((signal) => runSteps(steps, signal));
    });
}

function downCommand(): Command {
  return new Command("down")
    .description(
      "Stop the node and remove its processes, mounts, network, cgroups and state, and only those.",
    )
    .action(async () => {
      const step = {
        title: "Sandbox",
        run: (context: Parameters<typeof down>[1]) => down("slipway sandbox down", context),
      };
      await interruptible((signal) => runSteps([step], signal));
    });
}

function envCommand(): Command {
  return new Command("env")
    .description("Print the shell commands that point pulumi and kubectl at the sandbox.")
    .action(() => {
      const { folder, env } = stackPlace();
      const lines = Object.entries(env).map(
        ([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`,
      );
      process.stdout.write(`${[...lines, `export PULUMI_STACK=sandbox`, `cd '${folder}'`].join("\n")}\n`);
    });
}
