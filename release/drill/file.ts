import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Release } from "../../infra/config/schema/releases.ts";
import { checkTransition } from "../../infra/slots/model/transition.ts";
import { checkStackFile } from "../../infra/stack.ts";
import { writeWhole } from "../../machine/processes.ts";
import { ChangedMeanwhile, type Project } from "../project.ts";
import { withReleases } from "../stack-file.ts";

/**
 * Marks what a drill has written, since a rollback in earnest would write the same entry but for this. And production
 * wants a reason where steps are skipped: every user was on that release a moment ago.
 */
const MARK = "drill: a rehearsed rollback, and forward again";

/** The stack file while a drill changes one entry of it. In the end it is what it was, to the letter. */
export class DrilledFile {
  readonly project: Project;
  readonly service: string;
  /** The entry as the drill found it. */
  readonly original: Release;
  /** The file's text as the drill found it. */
  readonly before: string;
  /** What the file holds if nobody else has changed it. */
  #text: string;

  private constructor(project: Project, service: string, original: Release, before: string, text: string) {
    this.project = project;
    this.service = service;
    this.original = original;
    this.before = before;
    this.#text = text;
  }

  static async open(project: Project, service: string): Promise<DrilledFile> {
    const text = await readFile(project.file, "utf8");
    await project.reload();
    return new DrilledFile(project, service, project.service(service).release, text, text);
  }

  /**
   * The same of a drill that died.
   * @param before its file's text as it found it
   * @throws ChangedMeanwhile when the entry is none that the drill can have left
   */
  static resume(project: Project, service: string, before: string): DrilledFile {
    const original = checkStackFile(before, basename(project.file)).releases[service];
    const { release } = project.service(service);
    const untouched = isDeepStrictEqual(release, original);
    if (original === undefined || !(untouched || release.override === MARK)) throw changed(service);
    const text = untouched ? before : withReleases(before, { [service]: release });
    return new DrilledFile(project, service, original, before, text);
  }

  /** @throws ChangedMeanwhile when the entry is not the one that the drill wrote last: another run has gone on from there. */
  async expectOwn(): Promise<void> {
    if ((await this.project.changed([this.service])).length > 0) throw changed(this.service);
  }

  /**
   * Says that users have left for another entry.
   * @throws ChangedMeanwhile
   */
  async leave(back: Release): Promise<void> {
    await this.#save({ ...back, override: MARK });
  }

  /**
   * Back to the entry that the drill found. What others have changed meanwhile elsewhere in the file stays.
   * @throws ChangedMeanwhile
   */
  async restore(): Promise<void> {
    const now = this.project.service(this.service);
    if (checkTransition(now, now.environment, now.release, this.original).length > 0)
      await this.#save({ ...this.original, override: MARK });
    await this.#save(this.original);
    const { file } = this.project;
    if ((await readFile(file, "utf8")) !== this.#text) return;
    await writeWhole(file, this.before, (await stat(file)).mode & 0o777);
    this.#text = this.before;
  }

  async #save(entry: Release): Promise<void> {
    await this.project.save({ [this.service]: entry });
    this.#text = withReleases(this.#text, { [this.service]: entry });
  }
}

function changed(service: string): ChangedMeanwhile {
  return new ChangedMeanwhile({
    where: `slipway:releases.${service}`,
    what: "somebody has changed it during the drill, and decides where the users go from here",
    remedy: "see where they are: slipway release status",
  });
}
