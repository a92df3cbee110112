import { Command } from "commander";
import type { StackPlace } from "../../engine/stack.ts";
import { paths } from "../../machine/paths.ts";
import { EXIT, paint, printJson } from "../ui/output.ts";
import { exitCodeOf } from "../ui/run-end.ts";

const EXAMPLES = `
Needs phase steady, a release in the other slot, all pods of both ready, and no change that waits for pulumi up. Users
get the former version twice, for some seconds each time. Deploys wait meanwhile; a rollback in earnest ends the drill.
Whatever happens, Ctrl-C and the death of this process included, users get their version back; should the machine itself
fail, by the stack file of before and pulumi up --refresh.

The times are those between a command and the last answer of the version that users leave, by requests to the service's
public address; for a service that does not send x-slipway-release, only those of the commands.

Examples:
  $ slipway release drill demo                        asks first, then shows the times
  $ slipway release drill demo --yes --json | jq .events`;

interface Options {
  readonly stack: string;
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** `slipway release drill`: both ways back, rehearsed on the running service. */
export function drillCommand(): Command {
  return new Command("drill")
    .description("Rehearse the emergency and the planned rollback of a service, and measure them.")
    .argument("<service>", "the service to rehearse with")
    .option("--stack <name>", "the stack, as in Pulumi.<name>.yaml", "sandbox")
    .option("--yes", "do not ask before it begins")
    .option("--json", "print the run's record as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (name: string, { stack, json = false, yes = false }: Options) => {
      const [{ placeOf }, { drill }, { interruptible }, { Timeline }] = await Promise.all([
        import("../stack-place.ts"),
        import("../../release/drill.ts"),
        import("../ui/interrupt.ts"),
        import("../ui/timeline.ts"),
      ]);
      const place = placeOf(stack);
      await confirm(place, name, yes);
      const display = new Timeline();
      const record = await interruptible((signal) =>
        drill({ place, paths: paths(), display, signal }, name),
      ).finally(() => display.end());
      process.exitCode = exitCodeOf(record);
      if (json) return printJson(record);
      const [{ drillTable }, { chatLine }] = await Promise.all([
        import("../ui/drill-view.ts"),
        import("../../release/summary.ts"),
      ]);
      const style = process.exitCode === EXIT.ok ? "green" : "red";
      const table = drillTable(record);
      process.stdout.write(`${table && `${table}\n\n`}${paint(style, chatLine(record))}\n`);
    });
}

/** @throws UserError when there is nothing to rehearse, or when nobody says yes; nothing was changed then. */
async function confirm(place: StackPlace, name: string, yes: boolean): Promise<void> {
  const [{ Project }, { rehearsedState }, { requireYes }] = await Promise.all([
    import("../../release/project.ts"),
    import("../../release/drill/checks.ts"),
    import("../ui/ask.ts"),
  ]);
  const project = await Project.open(place, paths());
  const back = rehearsedState(project.service(name), project.services);
  process.stderr.write(
    `${name}: all users get ${back[back.active]?.release} in ${back.active}, twice, for some seconds\n`,
  );
  await requireYes(`Rehearse in ${project.config.environment}?`, yes);
}
