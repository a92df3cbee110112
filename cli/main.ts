import { Command } from "commander";
import { configCommand } from "./commands/config.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { releaseCommand } from "./commands/release.ts";
import { sandboxCommand } from "./commands/sandbox.ts";
import { startCommand } from "./commands/start.ts";
import { Interrupted } from "./ui/interrupt.ts";
import { EXIT, printError } from "./ui/output.ts";

const EXAMPLES = `
Examples:
  $ npm start                                  everything: tools, sandbox, pulumi up
  $ ./slipway doctor                           what is missing on this machine
  $ ./slipway config check --stack production  is the stack file right?
  $ ./slipway release deploy demo --image …    a new version, step by step
  $ ./slipway sandbox status                   what runs, and where

Exit codes: 0 done, 1 failed (the message says what to do), 2 wrong usage, 130 stopped by Ctrl-C.`;

/** The whole command line; built anew for each run, so that tests can use it. */
export function buildProgram(): Command {
  return new Command("slipway")
    .description("Production delivery as code: a Pulumi program, its sandbox and its tools.")
    .addCommand(startCommand())
    .addCommand(releaseCommand())
    .addCommand(sandboxCommand())
    .addCommand(doctorCommand())
    .addCommand(configCommand())
    .addHelpText("after", EXAMPLES)
    .exitOverride()
    .configureHelp({ sortSubcommands: false })
    .showSuggestionAfterError();
}

/** Runs one command line and returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    await inheritExitOverride(buildProgram()).parseAsync(argv, { from: "user" });
    return typeof process.exitCode === "number" ? process.exitCode : EXIT.ok;
  } catch (error) {
    return exitCodeOf(error, argv.includes("--json"));
  }
}

/** Commander exits the process by itself unless every command is told not to. */
function inheritExitOverride(command: Command): Command {
  for (const child of command.commands) inheritExitOverride(child.exitOverride() as Command);
  return command;
}

function exitCodeOf(error: unknown, json: boolean): number {
  if (error instanceof Interrupted) {
    process.stderr.write("Stopped. The same command goes on from here.\n");
    return EXIT.interrupted;
  }
  if (isCommanderError(error)) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  return printError(error, json);
}

function isCommanderError(error: unknown): error is Error & { exitCode: number } {
  return error instanceof Error && "code" in error && String(error.code).startsWith("commander.");
}

/** A reader such as `head` that has seen enough is no fault. */
function endQuietlyWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit(EXIT.ok);
}

if (import.meta.main) {
  process.stdout.on("error", endQuietlyWithReader);
  process.exitCode = await main(process.argv.slice(2));
}
