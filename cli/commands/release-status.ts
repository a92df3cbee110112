import { Command, Option } from "commander";
import { paths } from "../../machine/paths.ts";
import { EXIT, printJson } from "../ui/output.ts";

const EXAMPLES = `
Exit code 1 when a service has drift (the cluster is not what the stack file says, and no release goes on), when no pod
of an active release is ready, or when the cluster cannot be asked. Without Prometheus the figures are left out.

Examples:
  $ slipway release status                      all services of the sandbox
  $ slipway release status demo --watch         again every two seconds; Ctrl-C ends
  $ slipway release status --stack production --json | jq .ok`;

interface Options {
  readonly stack: string;
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** `slipway release status`: how a stack's releases stand. */
export function statusCommand(): Command {
  return new Command("status")
    .description(
      "Show slots, shares, pods, figures, the last verdict, and who is releasing. Changes nothing.",
    )
    .argument("[service...]", "services to show (default: all)")
    .option("--stack <name>", "the stack, as in Pulumi.<name>.yaml", "sandbox")
    .option("--json", "print the status as JSON")
    .addOption(new Option("--watch", "show it again every two seconds").conflicts("json"))
    .addHelpText("after", EXAMPLES)
    .action(async (names: string[], { stack, json = false, watch = false }: Options) => {
      const look = await looker(stack, names);
      if (watch) {
        const { watchStatus } = await import("../ui/watch.ts");
        await watchStatus(look);
      }
      const status = await look();
      if (!status.ok) process.exitCode = EXIT.failed;
      if (json) return printJson(status);
      const { statusLines } = await import("../ui/status-view.ts");
      process.stdout.write(`${statusLines(status).join("\n")}\n`);
    });
}

/** Reads the stack file anew each time: a release writes it at every step. */
async function looker(stack: string, names: readonly string[]) {
  const [{ placeOf }, { Project }, { recordsFolder }, { readStatus }] = await Promise.all([
    import("../stack-place.ts"),
    import("../../release/project.ts"),
    import("../../release/driver/session.ts"),
    import("../../release/status.ts"),
  ]);
  const project = await Project.open(placeOf(stack), paths());
  const folder = recordsFolder(paths(), stack);
  return async () => {
    await project.reload();
    return readStatus(project, folder, names);
  };
}
