import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Command } from "commander";
import { type Fault, UserError } from "../../infra/lib/errors.ts";
import { suggest } from "../../infra/lib/nearest.ts";
import { REPOSITORY, stackFileName, stackNames } from "../../machine/repository.ts";
import { EXIT, paint, printError, printJson } from "../ui/output.ts";

const EXAMPLES = `
Examples:
  $ slipway config check                     every Pulumi.<stack>.yaml of the project
  $ slipway config check --stack production  one of them
  $ slipway config check --json              {"stacks": [{"stack", "file", "ok", "faults"}]}`;

/** `slipway config`: questions about the stack files, answered without engine, cluster or secrets. */
export function configCommand(): Command {
  const check = new Command("check")
    .description(
      "Check the stack files as `pulumi up` would, all errors at once. Needs no cluster and no passphrase.",
    )
    .option("--stack <name>", "check only this stack's file")
    .option("--json", "print the result as JSON")
    .addHelpText("after", EXAMPLES)
    .action(checkStacks);
  return new Command("config").description("The stacks' configuration.").addCommand(check);
}

interface StackResult {
  readonly stack: string;
  readonly file: string;
  readonly ok: boolean;
  readonly faults: readonly Fault[];
}

async function checkStacks({ stack, json = false }: { stack?: string; json?: boolean }): Promise<void> {
  const results = await Promise.all((await chosen(stack)).map(checkOne));
  if (json) printJson({ stacks: results });
  else for (const result of results) print(result);
  if (results.some(({ ok }) => !ok)) process.exitCode = EXIT.failed;
}

async function chosen(stack: string | undefined): Promise<readonly string[]> {
  const names = await stackNames();
  if (stack === undefined) return names;
  if (names.includes(stack)) return [stack];
  throw new UserError({
    what: `there is no stack "${stack}"`,
    where: stackFileName(stack),
    remedy: suggest(stack, names),
  });
}

async function checkOne(stack: string): Promise<StackResult> {
  const { checkStackFile } = await import("../../infra/stack.ts");
  const file = stackFileName(stack);
  const text = await readFile(join(REPOSITORY, file), "utf8");
  try {
    checkStackFile(text, file);
    return { stack, file, ok: true, faults: [] };
  } catch (error) {
    if (error instanceof UserError) return { stack, file, ok: false, faults: error.faults };
    throw error;
  }
}

function print({ file, ok, faults }: StackResult): void {
  if (ok) process.stdout.write(`${paint("green", "ok")}     ${file}\n`);
  else printError(new UserError(faults), false);
}
