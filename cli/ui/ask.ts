import { createInterface } from "node:readline/promises";
import { UserError } from "../../infra/lib/errors.ts";
import { Interrupted } from "./interrupt.ts";

/** Whether there is somebody to ask. */
export function hasTerminal(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/**
 * Asks on the terminal; to press Enter is a yes.
 * @throws Interrupted at Ctrl-C, and at the end of the input
 */
export async function answeredYes(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new AbortController();
  terminal.once("close", () => closed.abort());
  try {
    const answer = await terminal.question(`${question} [Y/n] `, { signal: closed.signal });
    return /^(y|yes|)$/i.test(answer.trim());
  } catch (error) {
    process.stderr.write("\n");
    throw new Interrupted({ cause: error });
  } finally {
    terminal.close();
  }
}

/**
 * Asks for a yes; with `yes` nobody is asked.
 * @throws UserError when the answer is no, and where there is nobody to ask; Interrupted as {@link answeredYes}.
 */
export async function requireYes(question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!hasTerminal())
    throw new UserError({ what: "there is no terminal to ask on: nothing was changed", remedy: "add --yes" });
  if (!(await answeredYes(question))) throw new UserError({ what: "stopped: nothing was changed" });
}
