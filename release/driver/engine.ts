import { setTimeout as sleep } from "node:timers/promises";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { StackPlace } from "../../engine/stack.ts";
import type { Paths } from "../../machine/paths.ts";
import { note, type Report } from "./report.ts";

/** How often to ask again for a stack that another engine works on, in milliseconds. */
const BUSY_MS = 2_000;

/** Pauses before a failed run of the engine is tried again, in milliseconds: twice at most. */
const RETRY_MS = [2_000, 5_000];

/** Faults of the way to the cluster, in the words of Go and of the API server; nothing was refused. */
const TRANSIENT =
  /connection (refused|reset)|i\/o timeout|TLS handshake timeout|unexpected EOF|no route to host|too many requests|etcdserver: |server is currently unable|apiserver not ready/i;

/** Whether the same operation may succeed a moment later. */
export function isTransient(message: string): boolean {
  return TRANSIENT.test(message);
}

/** The engine for one run of the driver. Loaded at its first use: a rollback moves the traffic before that. */
export class Engine {
  readonly #place: StackPlace;
  readonly #paths: Paths;
  #stack: Promise<Stack> | undefined;

  constructor(place: StackPlace, paths: Paths) {
    this.#place = place;
    this.#paths = paths;
  }

  /**
   * Brings the stack to what its file says, waiting while another engine works on it.
   * @throws UserError with the engine's messages; the reason of `signal` when that stopped it.
   */
  async up(title: string, report: Report, signal: AbortSignal): Promise<void> {
    const started = performance.now();
    const { isBusy, up } = await import("../../engine/stack.ts");
    for (let retries = 0; ; ) {
      try {
        const stack = await this.#open();
        const context = { signal, report: (status: string) => report.status(`${title}: ${status}`) };
        const { changes } = await up(stack, context);
        const { same: _, ...changed } = changes;
        await report.add({
          what: "up",
          data: { purpose: title, changes: changed, seconds: seconds(started) },
        });
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (isBusy(error)) {
          // Should that one die, opening again removes its lock.
          this.#stack = undefined;
          report.status(`${title}: waits for another pulumi that works on this stack`);
          await pauseFor(BUSY_MS, signal);
          continue;
        }
        const pause = RETRY_MS[retries];
        if (pause === undefined || !isTransient((error as Error).message)) throw error;
        retries += 1;
        await report.add(
          note(`${title}: the cluster did not answer; retry ${retries} of ${RETRY_MS.length}`),
        );
        await pauseFor(pause, signal);
      }
    }
  }

  /** The stack's secrets: full key to value. */
  async secrets(): Promise<Record<string, string>> {
    const all = await (await this.#open()).getAllConfig();
    return Object.fromEntries(
      Object.entries(all).flatMap(([key, { value, secret }]) => (secret === true ? [[key, value]] : [])),
    );
  }

  /** Opening removes the lock of an engine that died; a failed attempt is not kept. */
  async #open(): Promise<Stack> {
    const { openStack } = await import("../../engine/stack.ts");
    this.#stack ??= openStack(this.#paths, this.#place);
    return this.#stack.catch((error) => {
      this.#stack = undefined;
      throw error;
    });
  }
}

/** @throws the reason of `signal` when aborted: the timer's own error would hide it. */
async function pauseFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** Seconds since a moment of `performance.now()`, to a tenth. */
export function seconds(started: number): number {
  return Math.round((performance.now() - started) / 100) / 10;
}
