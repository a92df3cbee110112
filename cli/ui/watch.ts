import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { UserError } from "../../infra/lib/errors.ts";
import type { StackStatus } from "../../release/status/model.ts";
import { clockTime } from "../../release/words.ts";
import { EXIT } from "./output.ts";
import { changeLine, statusLines, unknowns } from "./status-view.ts";

/** Time between two looks, in milliseconds. */
const EVERY_MS = 2_000;

const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";

/**
 * Shows a status again and again, until Ctrl-C or SIGTERM ends the process with success: it changes nothing, so nothing
 * is left to be done. On a terminal it stays in place; elsewhere it writes a line for each service that has changed.
 */
export async function watchStatus(look: () => Promise<StackStatus>): Promise<never> {
  const terminal = process.stdout.isTTY === true;
  const leave = () => {
    // The shell's prompt gets a line of its own, after the ^C that the terminal shows.
    if (terminal) process.stdout.write("\n");
    process.exit(EXIT.ok);
  };
  process.on("SIGINT", leave).on("SIGTERM", leave);
  const show = terminal ? redraw : changesOnly();
  for (;;) {
    show(await look().catch(unreadable));
    await sleep(EVERY_MS);
  }
}

/** A stack file that is wrong just now may be right at the next look. */
function unreadable(error: unknown): UserError {
  if (error instanceof UserError) return error;
  throw error;
}

type Seen = StackStatus | UserError;

function redraw(seen: Seen): void {
  const text = seen instanceof UserError ? seen.message.split("\n") : statusLines(seen);
  const { rows, columns } = process.stdout;
  const lines = fitting([...text, "", "Ctrl-C ends"], rows - 1, columns);
  process.stdout.write(`${HOME}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join("")}${CLEAR_BELOW}`);
}

/** As many lines from the first on as a screen holds, long ones wrapped: a screen that scrolls cannot be drawn over. */
export function fitting(lines: readonly string[], rows: number, columns: number): string[] {
  let left = rows;
  return lines.filter((line) => {
    left -= Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns));
    return left >= 0;
  });
}

function changesOnly(): (seen: Seen) => void {
  let told: readonly string[] = [];
  return (seen) => {
    const lines =
      seen instanceof UserError ? [seen.message] : [...seen.services.map(changeLine), ...unknowns(seen)];
    const time = clockTime(new Date().toISOString());
    for (const line of lines) if (!told.includes(line)) process.stdout.write(`${time}  ${line}\n`);
    told = lines;
  };
}
