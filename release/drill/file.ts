import { readFile, stat } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import type { Release } from "../../infra/config/schema/releases.ts";
import { checkTransition } from "../../infra/slots/model/transition.ts";
import { writeWhole } from "../../machine/processes.ts";
import type { Project } from "../project.ts";
import { withReleases } from "../stack-file.ts";

/** Somebody else has written the drilled service's entry: where its users belong is no longer for the drill to say. */
export class TakenOver extends Error {
  override readonly name = "TakenOver";

  constructor(service: string) {
    super(
      `the entry of ${service} in the stack file was changed by another run: it decides where the users go`,
    );
  }
}

/** Production asks for a reason where steps are skipped; every user was on that release a moment ago. */
const OVERRIDE = "drill: forward again after a rehearsed rollback";

/** The stack file while a drill changes one entry of it. In the end it is what it was, to the letter. */
export class DrilledFile {
  readonly project: Project;
  readonly service: string;
  /** The entry as the drill found it. */
  readonly original: Release;
  readonly #originalText: string;
  #text: string;
  #entry: Release;

  private constructor(project: Project, service: string, text: string) {
    this.project = project;
    this.service = service;
    this.original = project.service(service).release;
    this.#originalText = text;
    this.#text = text;
    this.#entry = this.original;
  }

  static async open(project: Project, service: string): Promise<DrilledFile> {
    const text = await readFile(project.file, "utf8");
    await project.reload();
    return new DrilledFile(project, service, text);
  }

  /** @throws TakenOver when the entry is not the one that the drill wrote last. */
  async expectOwn(): Promise<void> {
    await this.project.reload();
    if (!isDeepStrictEqual(this.project.service(this.service).release, this.#entry))
      throw new TakenOver(this.service);
  }

  /** @throws TakenOver */
  async save(entry: Release): Promise<void> {
    await this.expectOwn();
    await this.project.save({ [this.service]: entry });
    this.#text = withReleases(this.#text, { [this.service]: entry });
    this.#entry = entry;
  }

  /**
   * Back to the entry that the drill found. What others have changed meanwhile elsewhere in the file stays.
   * @throws TakenOver
   */
  async restore(): Promise<void> {
    const now = this.project.service(this.service);
    if (checkTransition(now, now.environment, this.#entry, this.original).length > 0)
      await this.save({ ...this.original, override: OVERRIDE });
    await this.save(this.original);
    const { file } = this.project;
    if ((await readFile(file, "utf8")) !== this.#text) return;
    await writeWhole(file, this.#originalText, (await stat(file)).mode & 0o777);
    this.#text = this.#originalText;
  }
}
