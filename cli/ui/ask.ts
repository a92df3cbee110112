import { createInterface } from "node:readline/promises";

/** Asks for a yes on the terminal; where there is none, and with `yes`, nobody is asked and the answer is yes. */
export async function goOn(question: string, yes: boolean): Promise<boolean> {
  if (yes || !process.stdin.isTTY || !process.stderr.isTTY) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [Y/n] `);
    return /^(y|yes|)$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
