import type { Happening } from "../record.ts";

/** Whom the driver tells what it does: the record, and whoever watches. */
export interface Report {
  /** Something that happened: goes into the record, and is shown as a line of its own. Never fails. */
  add(happening: Happening): Promise<void>;
  /** What is being done just now; replaces the former. */
  status(text: string): void;
}

/** A sentence for the record. */
export function note(text: string): Happening {
  return { what: "note", data: { text } };
}
