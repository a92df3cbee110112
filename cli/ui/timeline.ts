import type { Happening } from "../../release/record.ts";
import { eventLine } from "../../release/summary.ts";
import { paint } from "./output.ts";

/** Without a terminal the present status is said at most this often, in milliseconds. */
const QUIET_MS = 15_000;

/** Shows a run on stderr: what happened, a line each with its time, and below what is being done just now. */
export class Timeline {
  readonly #terminal = process.stderr.isTTY === true;
  #lastStatus = Date.now();

  happened(happening: Happening): void {
    const at = new Date().toISOString();
    const time = paint("dim", at.slice(11, 23), process.stderr);
    this.#line(`${time}  ${eventLine({ at, ...happening })}\n`);
  }

  status(text: string): void {
    if (this.#terminal)
      process.stderr.write(`\r\u001b[2K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
    else if (Date.now() - this.#lastStatus >= QUIET_MS) {
      this.#lastStatus = Date.now();
      process.stderr.write(`              ${text}\n`);
    }
  }

  /** Removes the status line: the run is over. */
  end(): void {
    this.#line("");
  }

  #line(text: string): void {
    process.stderr.write(this.#terminal ? `\r\u001b[2K${text}` : text);
  }
}
