import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import type { StackPlace } from "../../engine/stack.ts";
import type { Paths } from "../../machine/paths.ts";
import { type Prometheus, stackPrometheus } from "../analysis/prometheus.ts";
import { acquireRelease, type ReleaseLock } from "../lock.ts";
import { otherOf } from "../model/states.ts";
import type { Entries, Project } from "../project.ts";
import {
  type Action,
  type Happening,
  isUnfinished,
  type Part,
  type RunEnd,
  type RunRecord,
} from "../record.ts";
import { closeUnfinished, Recorder, readRecords } from "../recorder.ts";
import { Engine } from "./engine.ts";
import { persist } from "./persist.ts";
import { note, type Report } from "./report.ts";

/** Who watches a run. */
export interface Display {
  happened(happening: Happening): void;
  status(text: string): void;
}

/** Where a run takes place, and for whom. */
export interface Setting {
  readonly place: StackPlace;
  readonly paths: Paths;
  readonly display: Display;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** Address or key of the ticket that asks for the run. */
  readonly ticket?: string;
}

/** How long to wait for other releases of the environment, in milliseconds. */
export const QUEUE_MS = 3_600_000;

/** Folder of a stack's records. */
export function recordsFolder(paths: Paths, stack: string): string {
  return join(paths.root, "releases", stack);
}

/** One run with its record: from the moment that it is clear what to do, to the last notification. */
export class Session implements Report {
  readonly project: Project;
  readonly engine: Engine;
  readonly prometheus: Prometheus;
  readonly setting: Setting;
  readonly #recorder: Recorder;
  #secrets: Readonly<Record<string, string>> | undefined;
  #told: Promise<void> = Promise.resolve();

  private constructor(setting: Setting, project: Project, recorder: Recorder) {
    const { delivery, environment } = project.config;
    this.setting = setting;
    this.project = project;
    this.engine = new Engine(setting.place, setting.paths);
    this.prometheus = stackPrometheus(delivery, project.cluster, environment);
    this.#recorder = recorder;
  }

  /** @param entries where the run is meant to lead, by service */
  static async start(setting: Setting, project: Project, action: Action, entries: Entries): Promise<Session> {
    const { place, paths, ticket } = setting;
    const names = Object.keys(entries);
    const start = {
      name: subjectOf(project, names),
      stack: place.stack,
      environment: project.config.environment,
      action,
      parts: names.map((name) => partOf(project, name, entries)),
      who: { login: login() },
      ...(ticket === undefined ? {} : { ticket }),
    };
    const folder = recordsFolder(paths, place.stack);
    return new Session(setting, project, await Recorder.start(folder, start, []));
  }

  get record(): RunRecord {
    return this.#recorder.record;
  }

  /** How the lock knows this run. */
  get holder(): string {
    return holder();
  }

  async add(happening: Happening): Promise<void> {
    const written = this.#recorder.add(happening);
    // As it is on record: without secrets.
    const recorded = this.record.events.at(-1);
    if (recorded !== undefined) this.setting.display.happened(recorded);
    await written;
  }

  status(text: string): void {
    this.setting.display.status(text);
  }

  /** Takes the environment's lock, after whoever has it. */
  async lock(signal: AbortSignal): Promise<ReleaseLock> {
    const { action, name, parts } = this.record;
    const doing = `${action} ${name} ${parts[0]?.to.release}`;
    const lock = await takeLock({ ...this.setting, signal }, this.project, doing);
    if (lock.takenOver !== undefined) await this.add(note(`took over the lock of ${lock.takenOver}`));
    return lock;
  }

  /** As `lock`, for a run that has something to take back: it outlasts Ctrl-C and a cluster that does not answer. */
  async lockAtLast(): Promise<ReleaseLock> {
    return persist(() => this.lock(new AbortController().signal), this, new AbortController().signal);
  }

  /**
   * What the stack keeps secret is never written down from here on, and whoever is to be told is told: nobody waits for
   * that. Earlier runs that died without a word are told of as well.
   */
  async announce(): Promise<void> {
    await this.#learnSecrets();
    await this.#closeDeadRuns();
    this.#told = this.#tell();
  }

  /** Does the run's work, and ends the record with what comes of it, also where that is a fault of Slipway's own. */
  async close(work: () => Promise<RunEnd>): Promise<RunRecord> {
    const end = await work().catch(async (error: Error) => {
      await this.finish({ outcome: "failed", cause: "engine", reason: error.message });
      throw error;
    });
    return this.finish(end);
  }

  /** Ends the record, and tells everybody who is to be told. */
  async finish(end: RunEnd): Promise<RunRecord> {
    await this.#learnSecrets();
    await this.#told;
    await this.#recorder.finish(end);
    await this.#tell();
    return this.record;
  }

  async #learnSecrets(): Promise<void> {
    // An engine that cannot be asked has failed the run already, or will: the record is written all the same.
    this.#secrets ??= await this.engine.secrets().catch(() => undefined);
    await this.#recorder.hide(Object.values(this.#secrets ?? {}));
  }

  /** Only for whoever holds the lock: no other run is alive then, except those that wait for it. */
  async #closeDeadRuns(): Promise<void> {
    const { place, paths } = this.setting;
    const folder = recordsFolder(paths, place.stack);
    const dead = (await readRecords(folder)).filter((run) => isUnfinished(run) && hadLock(run));
    for (const run of dead) {
      await closeUnfinished(folder, run, this.record.id);
      await this.add(note(`${run.id} ended without a word`));
    }
  }

  async #tell(): Promise<void> {
    // What speaks to all the channels takes long to load, and no way back waits for it.
    const { tell } = await import("./tell.ts");
    const deliveries = await tell(this.project, this.record, this.#secrets ?? {});
    if (deliveries.length > 0) await this.add({ what: "notified", data: { deliveries } });
  }
}

/** Whether a run got beyond waiting for its turn. */
function hadLock({ events }: RunRecord): boolean {
  return events.some(({ what }) => what === "preflight" || what === "failed state captured");
}

/** Takes the lock of an environment, after whoever has it. */
export async function takeLock(
  { display, signal }: Pick<Setting, "display" | "signal">,
  { cluster, config }: Project,
  doing: string,
): Promise<ReleaseLock> {
  const run = { holder: holder(), doing };
  const onWait = (text: string) => display.happened(note(text));
  return acquireRelease(cluster, config.environment, run, { signal, timeoutMs: QUEUE_MS, onWait });
}

/** How the lock knows the runs of this process. */
function holder(): string {
  return `${login()} ${process.pid}`;
}

/** user@host */
export function login(): string {
  return `${userName()}@${hostname()}`;
}

/** In a container the user may have a number only. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env.USER ?? `user-${process.getuid?.()}`;
  }
}

/** What a run is about: its service or, of several, their system. */
export function subjectOf(project: Project, names: readonly string[]): string {
  const [first = ""] = names;
  return names.length === 1 ? first : project.service(first).system;
}

/** What a run does to a service: from the version that serves users now to the one that is meant to. */
function partOf(project: Project, name: string, entries: Entries): Part {
  const { release } = project.service(name);
  const wanted = entries[name] ?? release;
  const to = wanted.phase === "canary" ? otherOf(wanted) : wanted.active;
  const from = wanted.phase === "rollback" ? otherOf(wanted) : release.active;
  const image = (entry: typeof release, slot: Part["to"]["slot"]) => ({
    slot,
    release: entry[slot]?.release ?? "none",
    image: entry[slot]?.image ?? "none",
  });
  return { service: name, from: image(wanted, from), to: image(wanted, to) };
}
