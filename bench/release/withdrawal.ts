import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../../machine/wait.ts";
import { epochNow } from "../../sandbox/load/clock.ts";
import { type Load, startLoad } from "../../sandbox/load/load.ts";
import type { LoadReport } from "../../sandbox/load/report.ts";

/** Requests per second of every measurement here. */
export const RATE = 200;

/** Two releases behind one host name: users are to get from one to the other. */
export interface Move {
  readonly hostname: string;
  /** Release that serves all users before, as its answers name it. */
  readonly from: string;
  readonly to: string;
  /** The load goes on until it has sent as many. */
  readonly requests?: number;
}

/** How long users went on getting answers of the release that was taken away, and what it cost. */
export interface Withdrawal {
  /** Milliseconds from the command's start to the release's last answer. */
  readonly lastAnswer: number;
  /** Seconds from the command's start to its end. */
  readonly done: number;
  readonly report: LoadReport;
}

/** A release has served alone, or not at all, for as long. */
const QUIET_MS = 2_000;
const PATIENCE_MS = 60_000;

/** Runs a command that moves all users, under load. `work` ends when the command says that it is done. */
export async function measureWithdrawal(
  { hostname, from, to, requests = 0 }: Move,
  work: () => Promise<unknown>,
): Promise<Withdrawal> {
  const load = startLoad({ hostname, rate: RATE, connections: "both" });
  try {
    await servesAlone(load, from, to);
    const started = epochNow();
    await work();
    const done = (epochNow() - started) / 1000;
    await servesAlone(load, to, from);
    const last = await load.lastAnswer({ release: from });
    await hasSent(load, requests);
    return { lastAnswer: (last ?? started) - started, done, report: await load.stop() };
  } finally {
    await load.stop().catch(() => undefined);
  }
}

/** Runs something under load. */
export async function underLoad<T>(
  hostname: string,
  work: (load: Load) => Promise<T>,
): Promise<{ readonly result: T; readonly report: LoadReport }> {
  const load = startLoad({ hostname, rate: RATE, connections: "both" });
  try {
    const result = await work(load);
    return { result, report: await load.stop() };
  } finally {
    await load.stop().catch(() => undefined);
  }
}

/** Waits until answers of one release keep coming and the other one has been silent for a while. */
async function servesAlone(load: Load, release: string, other: string): Promise<void> {
  const begun = epochNow();
  const silentFor = async (name: string, since: number) =>
    epochNow() - Math.max((await load.lastAnswer({ release: name })) ?? 0, since);
  const isSo = async () =>
    (await silentFor(other, begun)) >= QUIET_MS && (await silentFor(release, 0)) < QUIET_MS;
  await until(isSo, `${release} does not serve alone`);
}

async function hasSent(load: Load, requests: number): Promise<void> {
  while ((await load.counts()).sent < requests) await sleep(100);
}

/** @throws Error saying `otherwise` when it does not come true in time. */
async function until(check: () => Promise<boolean>, otherwise: string): Promise<void> {
  const signal = new AbortController().signal;
  const seen = await waitFor(async () => (await check()) || undefined, { signal, timeoutMs: PATIENCE_MS });
  if (seen === undefined) throw new Error(`${otherwise}, even after ${PATIENCE_MS / 1000} s`);
}
