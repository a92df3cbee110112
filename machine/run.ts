import type { Options } from "execa";
import { UserError } from "../infra/lib/errors.ts";

/** What a finished command left: exit code and text. */
export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of {@link run}; `remedy` is added to the error when the command fails. */
export interface RunOptions extends Pick<Options, "cwd" | "env" | "input" | "timeout" | "cancelSignal"> {
  /** Called with each line of output as it comes. */
  readonly onLine?: (line: string) => void;
  /** What the user can do when this command fails. */
  readonly remedy?: string;
  /** Return a non-zero exit code instead of throwing. */
  readonly allowFailure?: boolean;
}

const TAIL_LINES = 15;

/** The last non-empty lines of a text. */
export function tail(text: string, lines = TAIL_LINES): string {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-lines)
    .join("\n");
}

/**
 * Runs a command to its end. On failure throws a {@link UserError} with the command, its last lines and the remedy.
 * Never put a secret on the command line: use `input` or `env`.
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  // Not at the start: it takes longer to load than many a command takes.
  const { execa } = await import("execa");
  const { onLine, remedy, allowFailure, ...rest } = options;
  const child = execa(command, args, {
    ...rest,
    reject: false,
    stdin: rest.input === undefined ? "ignore" : "pipe",
    all: true,
  });
  if (onLine !== undefined) forwardLines(child.iterable({ from: "all" }), onLine);
  const result = await child;
  const ran: Ran = {
    exitCode: result.exitCode ?? -1,
    stdout: String(result.stdout ?? ""),
    stderr: String(result.stderr ?? ""),
  };
  if (ran.exitCode !== 0 && allowFailure !== true) {
    if (result.isCanceled) throw result;
    const why = result.exitCode === undefined ? result.shortMessage : `exit code ${ran.exitCode}`;
    throw new UserError({
      what: `${why}\n${tail(String(result.all ?? ""))}`,
      where: [command, ...args].join(" "),
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
  return ran;
}

async function forwardLines(lines: AsyncIterable<unknown>, onLine: (line: string) => void): Promise<void> {
  try {
    for await (const line of lines) onLine(String(line));
  } catch {
    // The command's own failure is reported by `run`.
  }
}
