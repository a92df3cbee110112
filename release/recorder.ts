import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../infra/lib/errors.ts";
import { writeWhole } from "../machine/processes.ts";
import { maskSecrets } from "./mask.ts";
import {
  CAUSES,
  finishedRun,
  type Happening,
  isUnfinished,
  OUTCOMES,
  type RunEnd,
  type RunEvent,
  type RunRecord,
  type RunStart,
  runId,
  startedRun,
  withHappening,
} from "./record.ts";
import { summaryOf } from "./summary.ts";

/** What a file must have to be taken for a run's record. */
const recordFile = z.looseObject({
  version: z.literal(1),
  id: z.string(),
  name: z.string(),
  startedAt: z.iso.datetime(),
  parts: z.array(z.looseObject({ service: z.string() })),
  events: z.array(z.looseObject({ at: z.iso.datetime(), what: z.string() })),
});

/**
 * Keeps a run's record in `<folder>/<id>.json`, with a summary for people beside it (`<id>.md`). Both are written anew
 * after every event, so a run that is killed leaves all that it knew.
 */
export class Recorder {
  readonly #folder: string;
  #secrets: readonly string[] = [];
  readonly #clock: () => Date;
  #record: RunRecord;
  #written: Promise<void> = Promise.resolve();
  #trouble: unknown;

  private constructor(folder: string, record: RunRecord, clock: () => Date) {
    this.#folder = folder;
    this.#record = record;
    this.#clock = clock;
  }

  /**
   * @param secrets see {@link hide}
   * @throws UserError when the folder cannot be written to: better now than in the middle of a release
   */
  static async start(
    folder: string,
    start: RunStart,
    secrets: readonly string[],
    clock: () => Date = () => new Date(),
  ): Promise<Recorder> {
    const at = clock();
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const id = await reserve(folder, runId(start, at));
      const recorder = new Recorder(folder, startedRun(start, id, at), clock);
      recorder.#mask(secrets);
      await writeBoth(folder, recorder.record);
      return recorder;
    } catch (error) {
      throw unwritable(folder, error);
    }
  }

  get record(): RunRecord {
    return this.#record;
  }

  /**
   * Keeps secrets out of the record, whatever text they hide in, also where they are in it already.
   * @param secrets their values
   */
  hide(secrets: readonly string[]): Promise<void> {
    this.#mask(secrets);
    return this.#write(this.#record);
  }

  /** Adds what happened just now. Never fails: a full disk must not stop a rollback. `finish` tells. */
  add(happening: Happening): Promise<void> {
    const data = maskSecrets<unknown>(happening.data, this.#secrets);
    return this.#write(withHappening(this.#record, { ...happening, data } as Happening, this.#clock()));
  }

  /**
   * Ends the run. Deliveries of the notifications that follow may still be added.
   * @throws UserError when the record could not be written as a whole
   */
  async finish(end: RunEnd): Promise<RunRecord> {
    await this.#write(finishedRun(this.#record, maskSecrets(end, this.#secrets), this.#clock()));
    if (this.#trouble !== undefined) throw unwritable(this.#folder, this.#trouble);
    return this.#record;
  }

  #mask(secrets: readonly string[]): void {
    this.#secrets = secrets.filter((secret) => !isPublic(secret, this.#record));
    this.#record = masked(this.#record, this.#secrets);
  }

  /** One after the other: two writers of one file would take each other's temporary file. */
  #write(record: RunRecord): Promise<void> {
    this.#record = record;
    this.#written = this.#written
      .then(() => writeBoth(this.#folder, record))
      .then(
        () => {
          this.#trouble = undefined;
        },
        (error: unknown) => {
          this.#trouble = error;
        },
      );
    return this.#written;
  }
}

/**
 * The runs that a folder has on record, oldest first.
 * @param service only those that this service was part of
 */
export async function readRecords(folder: string, service?: string): Promise<RunRecord[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const files = names.filter((name) => name.endsWith(".json"));
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
  return texts
    .flatMap((text) => parseRecord(text) ?? [])
    .filter(({ parts }) => service === undefined || parts.some((part) => part.service === service))
    .sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
}

/**
 * Ends the record of a run whose process was killed, at its last sign of life: so it is told once, and is never taken
 * for a running one.
 * @param successor id of the run that found it
 */
export async function closeUnfinished(
  folder: string,
  record: RunRecord,
  successor: string,
): Promise<RunRecord> {
  if (!isUnfinished(record)) return record;
  const at = new Date(record.events.at(-1)?.at ?? record.startedAt);
  const reason = `its process ended without a word; found by ${successor}`;
  const closed = finishedRun(record, { outcome: "stopped", cause: "interrupted", reason }, at);
  await writeBoth(folder, closed);
  return closed;
}

/** Names of services, slots and releases stay: nothing but texts and captured data can hold a secret. */
function masked(record: RunRecord, secrets: readonly string[]): RunRecord {
  const { who, ticket, reason, schemaNote, events } = record;
  const texts = Object.entries({ who, ticket, reason, schemaNote }).filter(([, text]) => text !== undefined);
  return {
    ...record,
    ...maskSecrets(Object.fromEntries(texts), secrets),
    events: events.map(
      (event) => ({ ...event, data: maskSecrets<unknown>(event.data, secrets) }) as RunEvent,
    ),
  };
}

/** A password such as "production" hides nothing in a text that names the environment; masked, it would tell more. */
function isPublic(secret: string, { id, stack, environment, parts }: RunRecord): boolean {
  return JSON.stringify([id, stack, environment, parts, ...OUTCOMES, ...CAUSES]).includes(secret);
}

/** Takes an id that no other run has: two may start within one second. */
async function reserve(folder: string, wanted: string, attempt = 1): Promise<string> {
  const id = attempt === 1 ? wanted : `${wanted}-${attempt}`;
  try {
    await writeFile(join(folder, `${id}.json`), "", { flag: "wx", mode: 0o600 });
    return id;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return reserve(folder, wanted, attempt + 1);
  }
}

async function writeBoth(folder: string, record: RunRecord): Promise<void> {
  await writeWhole(join(folder, `${record.id}.json`), toText(record));
  await writeWhole(join(folder, `${record.id}.md`), summaryOf(record));
}

function toText(record: RunRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

/** A file that is no record, or of a layout that is not known, is somebody else's. */
function parseRecord(text: string): RunRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return recordFile.safeParse(value).success ? (value as RunRecord) : undefined;
  } catch {
    return undefined;
  }
}

function unwritable(folder: string, error: unknown): UserError {
  return new UserError({
    where: folder,
    what: `a run's record could not be written (${(error as NodeJS.ErrnoException).code ?? String(error)})`,
    remedy: "make room there, or give it back to you",
  });
}
