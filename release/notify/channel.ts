import type { Notice } from "./notice.ts";

/** Somebody to be told. */
export interface Channel {
  readonly name: string;
  /** Values that must not come into any text. */
  readonly secrets: readonly string[];
  /** Whether this channel is told of such a thing at all. */
  wants(notice: Notice): boolean;
  /**
   * One attempt, which may follow another of whose success nothing is known: told twice must look like told once.
   * @returns what was done, in one line
   * @throws Undelivered
   */
  send(notice: Notice, signal: AbortSignal): Promise<string>;
}

/** An attempt that did not work. */
export class Undelivered extends Error {
  override readonly name = "Undelivered";
  /** Whether the same may work a little later. */
  readonly retry: boolean;
  /** How long the other side asks to wait. */
  readonly waitMs: number;

  /** @param message without secrets: no address that is one, no body that was sent */
  constructor(message: string, retry: boolean, waitMs = 0) {
    super(message);
    this.retry = retry;
    this.waitMs = waitMs;
  }
}
