import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import type { Environment } from "../../infra/lib/names.ts";
import { paths } from "../../machine/paths.ts";
import { REPOSITORY } from "../../machine/repository.ts";
import { recordsFolder } from "../../release/driver/session.ts";
import { leaseRef } from "../../release/lease.ts";
import type { RunRecord } from "../../release/record.ts";
import { readRecords } from "../../release/recorder.ts";
import type { Telling } from "../scenario.ts";
import { kubectl } from "./cluster.ts";
import { readStackValue } from "./stack-text.ts";
import { eventually, type Stage } from "./stage.ts";

/** How a run of `slipway release` ended. */
export interface Ended {
  /** Undefined: a signal ended it. */
  readonly exitCode: number | undefined;
  /** What it printed on stdout: the record, as JSON. */
  readonly record: RunRecord | undefined;
  readonly stdout: string;
  /** The timeline that people see. */
  readonly timeline: string;
}

/** Commands that put the driver into another place, with their arguments: `ip netns exec NAME`. */
export interface DriverOptions {
  readonly within?: readonly string[];
}

/** How long a run may take before a scenario gives it up, in milliseconds. */
const PATIENCE_MS = 600_000;

/** How long one that was told to stop may take to bring users back, in milliseconds. */
const WAY_BACK_MS = 180_000;

/**
 * `slipway release` in a process of its own, as users start it. Afterwards it is told to stop where it still runs, and
 * nothing of it is at work any more: neither itself nor its guard, and the lock is free.
 */
export class Driver {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  readonly #send: (signal: NodeJS.Signals) => boolean;
  readonly #guards: number[] = [];
  #timeline = "";
  #over = false;

  constructor(
    afterwards: Telling["afterwards"],
    { place }: Pick<Stage, "place">,
    args: readonly string[],
    { within = [] }: DriverOptions = {},
  ) {
    const command = [...within, join(REPOSITORY, "slipway"), "release", ...args];
    const options = ["--stack", place.stack, "--json"];
    const [first = "", ...rest] = [...command, ...options];
    const child = execa(first, rest, {
      reject: false,
      timeout: PATIENCE_MS,
      // It goes back after SIGTERM, which takes longer than the patience of execa.
      forceKillAfterDelay: false,
      detached: true,
      stdin: "ignore",
      stderr: ["pipe"],
    });
    child.stderr.on("data", (chunk: Buffer) => {
      this.#timeline += String(chunk);
    });
    this.pid = child.pid as number;
    this.#send = (signal) => child.kill(signal);
    this.ended = child.then(({ exitCode, stdout }) => {
      this.#over = true;
      return { exitCode, stdout, timeline: this.#timeline, record: recordIn(stdout) };
    });
    afterwards(async () => {
      await this.#end();
      await lockIsFree(place);
    });
  }

  get timeline(): string {
    return this.#timeline;
  }

  /** Waits until something is so while it runs. */
  async until(what: string, check: () => Promise<boolean>, timeoutMs?: number): Promise<void> {
    await eventually(
      what,
      async () => {
        if (await check()) return true;
        assert.ok(!this.#over, `the driver ended before: ${what}\n${this.#timeline}`);
        return false;
      },
      timeoutMs,
    );
  }

  /** Its live child processes, and theirs: the engine, its language host, its providers. */
  engines(): number[] {
    return descendants(this.pid).filter((pid) => /^pulumi/.test(nameOf(pid)));
  }

  kill(signal: NodeJS.Signals): void {
    // The guard of one that dies lives on, as nobody's child.
    this.#guards.push(...descendants(this.pid).filter(isGuard));
    this.#send(signal);
  }

  /** @returns how many processes of the engine there were */
  killWithEngines(): number {
    const pids = this.engines();
    this.kill("SIGKILL");
    for (const pid of pids) killIfThere(pid);
    return pids.length;
  }

  async #end(): Promise<void> {
    if (!this.#over) this.kill("SIGTERM");
    const late = setTimeout(() => this.kill("SIGKILL"), WAY_BACK_MS);
    await this.ended.finally(() => clearTimeout(late));
    await eventually("the guard has ended", async () => !this.#guards.some(isGuard));
  }
}

/** Waits until no run holds the lock of a stack's releases. */
async function lockIsFree(place: Stage["place"]): Promise<void> {
  const environment = (await readStackValue(place, ["slipway:environment"])) as Environment;
  const { kind, namespace, name } = leaseRef(environment);
  const where = [kind, name, "--namespace", namespace, "--ignore-not-found"];
  await eventually("the lock of the releases is free", async () => {
    return (await kubectl("get", ...where, "--output=jsonpath={.spec.holderIdentity}")) === "";
  });
}

function recordIn(stdout: string): RunRecord | undefined {
  try {
    const value = JSON.parse(stdout) as RunRecord;
    return value.version === 1 ? value : undefined;
  } catch {
    return undefined;
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function descendants(of: number): number[] {
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && parentOf(Number(name)) === of)
    .map(Number);
  return children.flatMap((pid) => [pid, ...descendants(pid)]);
}

function parentOf(pid: number): number | undefined {
  const stat = procText(pid, "stat");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

function isGuard(pid: number): boolean {
  return procText(pid, "cmdline").includes(join(REPOSITORY, "release", "guard.ts"));
}

function nameOf(pid: number): string {
  return procText(pid, "comm").trim();
}

/** Empty when the process is gone. */
function procText(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

/** Records of a stack's runs that began after a moment (milliseconds since 1970), oldest first. */
export async function recordsSince({ place }: Pick<Stage, "place">, since: number): Promise<RunRecord[]> {
  const all = await readRecords(recordsFolder(paths(), place.stack));
  return all.filter(({ startedAt }) => Date.parse(startedAt) >= since);
}

/** The steps of a run with their verdicts: `5 % pass, 25 % fail`. */
export function stepsIn({ events }: Pick<RunRecord, "events">): string {
  return events
    .flatMap((event) => (event.what === "step" ? [`${event.data.weight} % ${event.data.verdict}`] : []))
    .join(", ");
}

/** Texts of the notes in a run's record. */
export function notesIn({ events }: Pick<RunRecord, "events">): string[] {
  return events.flatMap((event) => (event.what === "note" ? [event.data.text] : []));
}

/** Checks how a run ended, by its exit code and by its record. */
export function assertEnded(
  { exitCode, record, stdout, timeline }: Ended,
  expected: Partial<Pick<RunRecord, "outcome" | "cause">> & { readonly exitCode: number },
): RunRecord {
  assert.ok(record !== undefined, `no record on stdout: ${stdout}\n${timeline}`);
  const { outcome, cause } = record;
  assert.deepEqual({ exitCode, outcome, cause }, { cause: undefined, ...expected }, timeline);
  return record;
}
