import { styleText } from "node:util";
import { formatFault, UserError } from "../../infra/lib/errors.ts";

/** Exit codes of every command. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

type Style = Parameters<typeof styleText>[0];

/** Text in a style, where the stream is a terminal and NO_COLOR is not set. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream, validateStream: true });
}

/** Prints data for machines: one JSON document on stdout. */
export function printJson(data: unknown): void {
  process.stdout.write(`${JSON.stringify(data, null, 2)}\n`);
}

/**
 * Prints what went wrong and returns the exit code: faults of the user without, all others with their stack trace.
 * With `json` the faults go to stdout as a document.
 */
export function printError(error: unknown, json: boolean): number {
  if (error instanceof UserError) {
    if (json) printJson({ faults: error.faults });
    else
      for (const fault of error.faults)
        process.stderr.write(`${paint("red", "error:", process.stderr)} ${formatFault(fault)}\n`);
    return EXIT.failed;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `${paint("red", "error:", process.stderr)} ${text}\nThis is a fault in Slipway: please report it.\n`,
  );
  return EXIT.failed;
}
