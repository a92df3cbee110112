import { readFile, stat } from "node:fs/promises";
import type { Release } from "../../infra/config/schema/releases.ts";
import { checkTransition } from "../../infra/slots/model/transition.ts";
import { writeWhole } from "../../machine/processes.ts";
import { ChangedMeanwhile, type Project } from "../project.ts";
import { withReleases } from "../stack-file.ts";

/** Production asks for a reason where steps are skipped; every user was on that release a moment ago. */
const OVERRIDE = "drill: forward again after a rehearsed rollback";

/** The stack file while a drill changes one entry of it. In the end it is what it was, to the letter. */
export class DrilledFile {
  readonly project: Project;
  readonly service: string;
  /** The entry as the drill found it. */
  readonly original: Release;
  readonly #originalText: string;
  /** What the file holds if nobody else has changed it. */
  #text: string;

  private constructor(project: Project, service: string, text: string) {
    this.project = project;
    this.service = service;
    this.original = project.service(service).release;
    this.#originalText = text;
    this.#text = text;
  }

  static async open(project: Project, service: string): Promise<DrilledFile> {
    const text = await readFile(project.file, "utf8");
    await project.reload();
    return new DrilledFile(project, service, text);
  }

  /** @throws ChangedMeanwhile when the entry is not the one that the drill wrote last: another run has gone on from there. */
  async expectOwn(): Promise<void> {
    if ((await this.project.changed([this.service])).length === 0) return;
    throw new ChangedMeanwhile({
      where: `slipway:releases.${this.service}`,
      what: "somebody has changed it during the drill, and decides where the users go from here",
      remedy: "see where they are: slipway release status",
    });
  }

  /** @throws ChangedMeanwhile */
  async save(entry: Release): Promise<void> {
    await this.project.save({ [this.service]: entry });
    this.#text = withReleases(this.#text, { [this.service]: entry });
  }

  /**
   * Back to the entry that the drill found. What others have changed meanwhile elsewhere in the file stays.
   * @throws ChangedMeanwhile
   */
  async restore(): Promise<void> {
    const now = this.project.service(this.service);
    if (checkTransition(now, now.environment, now.release, this.original).length > 0)
      await this.save({ ...this.original, override: OVERRIDE });
    await this.save(this.original);
    const { file } = this.project;
    if ((await readFile(file, "utf8")) !== this.#text) return;
    await writeWhole(file, this.#originalText, (await stat(file)).mode & 0o777);
    this.#text = this.#originalText;
  }
}
