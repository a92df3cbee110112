import { Command, InvalidArgumentError } from "commander";
import type { SchemaRange } from "../../infra/config/schema/releases.ts";
import { paths } from "../../machine/paths.ts";
import type { Setting } from "../../release/driver/session.ts";
import type { RunRecord } from "../../release/record.ts";
import { interruptible } from "../ui/interrupt.ts";
import { EXIT, paint, printJson } from "../ui/output.ts";
import { exitCodeOf } from "../ui/run-end.ts";
import { drillCommand } from "./release-drill.ts";
import { statusCommand } from "./release-status.ts";

const EXAMPLES = `
Examples:
  $ slipway release deploy demo --image registry/demo@sha256:…   5, 25, 100 %, watched at each step
  $ slipway release deploy shop-api=IMAGE shop-web=IMAGE         together, or not at all
  $ slipway release rollback demo                                all users back, in half a second
  $ slipway release promote demo --reason "hotfix, seen in staging"   skip the steps that are left
  $ slipway release status --watch                               slots, shares, verdicts, live`;

/** `slipway release`: brings versions to users, and back. */
export function releaseCommand(): Command {
  return new Command("release")
    .description("Bring a new version to users step by step, watch it, and take it back.")
    .addCommand(deployCommand())
    .addCommand(rollbackCommand())
    .addCommand(promoteCommand())
    .addCommand(statusCommand())
    .addCommand(drillCommand())
    .addHelpText("after", EXAMPLES);
}

interface Common {
  readonly stack: string;
  readonly json?: boolean;
  readonly ticket?: string;
}

interface DeployOptions extends Common {
  readonly image?: string;
  readonly release?: string;
  readonly schema?: SchemaRange;
  readonly override?: string;
  readonly yes?: boolean;
  readonly commit?: boolean;
}

function deployCommand(): Command {
  return common(new Command("deploy"))
    .description(
      "Release images: candidate up, smoke test, then step by step to all users; back by itself if it fails.",
    )
    .argument("<service...>", "services of one system, each as NAME or NAME=IMAGE")
    .option("--image <reference>", "the image of the one service, best with its digest")
    .option("--release <id>", "name of the release (default: the next r<number>)")
    .option("--schema <min..max>", "versions of the database schema that it works with", parseSchema)
    .option("--override <reason>", "go on although the release that runs is down: this one mends it")
    .option("--commit", "commit the changed stack file at the end")
    .option("--yes", "do not ask before it begins")
    .action(
      async (
        parts: string[],
        { stack, json, ticket, yes = false, commit = false, ...typed }: DeployOptions,
      ) => {
        const [{ orderOf }, { deploy }, { confirmDeploy }] = await Promise.all([
          import("../release-order.ts"),
          import("../../release/deploy.ts"),
          import("../ui/confirm-deploy.ts"),
        ]);
        const order = orderOf(parts, typed);
        const place = await placed(stack);
        const plan = await confirmDeploy(place, paths(), order, yes);
        if (plan === "nothing") return json ? printJson({ outcome: "nothing to do" }) : undefined;
        const record = await watched(stack, ticket, (setting) => deploy(setting, order));
        await show(record, json);
        if (commit && record !== undefined) {
          const { commitStackFile } = await import("../../release/commit.ts");
          await commitStackFile(place, record);
        }
      },
    );
}

function rollbackCommand(): Command {
  return common(new Command("rollback"))
    .description("Give all users the version before: the traffic at once, the engine's record after it.")
    .argument("<service...>", "services that go back")
    .option("--reason <text>", "why, for the record", "asked for by hand")
    .action(async (names: string[], { stack, json, ticket, reason }: Common & { reason: string }) => {
      const { rollback } = await import("../../release/rollback.ts");
      await show(await watched(stack, ticket, (setting) => rollback(setting, names, reason)), json);
    });
}

function promoteCommand(): Command {
  return common(new Command("promote"))
    .description("Give a candidate all users now, without the steps that are left.")
    .argument("<service...>", "services with a release on its way")
    .requiredOption("--reason <text>", "why, for the record and for production's rules")
    .action(async (names: string[], { stack, json, ticket, reason }: Common & { reason: string }) => {
      const { promote } = await import("../../release/promote.ts");
      await show(await watched(stack, ticket, (setting) => promote(setting, names, reason)), json);
    });
}

function common(command: Command): Command {
  return command
    .option("--stack <name>", "the stack, as in Pulumi.<name>.yaml", "sandbox")
    .option("--ticket <key>", "what asks for it; goes into the record and the notifications")
    .option("--json", "print the run's record as JSON");
}

async function placed(stack: string) {
  const { placeOf } = await import("../stack-place.ts");
  return placeOf(stack);
}

/** Runs with a timeline on stderr; Ctrl-C lets the run bring users back to one version first. */
async function watched<T>(
  stack: string,
  ticket: string | undefined,
  work: (setting: Setting) => Promise<T>,
): Promise<T> {
  const [place, { Timeline }] = await Promise.all([placed(stack), import("../ui/timeline.ts")]);
  const display = new Timeline();
  try {
    return await interruptible((signal) =>
      work({ place, paths: paths(), display, signal, ...(ticket === undefined ? {} : { ticket }) }),
    );
  } finally {
    display.end();
  }
}

async function show(record: RunRecord | undefined, json = false): Promise<void> {
  if (record === undefined) return json ? printJson({ outcome: "nothing to do" }) : undefined;
  process.exitCode = exitCodeOf(record);
  if (json) return printJson(record);
  const { chatLine } = await import("../../release/summary.ts");
  const style = process.exitCode === EXIT.ok ? "green" : "red";
  process.stdout.write(`${paint(style, chatLine(record))}\n`);
}

function parseSchema(text: string): SchemaRange {
  const match = /^(\d+)(?:\.\.(\d+))?$/.exec(text);
  if (match === null)
    throw new InvalidArgumentError('give the versions that it works with, such as "12..14"');
  return { min: Number(match[1]), max: Number(match[2] ?? match[1]) };
}
