import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { openStack, preview, up } from "../../engine/stack.ts";
import type { Release } from "../../infra/config/schema/releases.ts";
import { UserError } from "../../infra/lib/errors.ts";
import type { SlotName } from "../../infra/lib/names.ts";
import { demo } from "../../infra/services/demo.ts";
import type { ResolvedService } from "../../infra/services/resolve.ts";
import { paths } from "../../machine/paths.ts";
import { otherOf } from "../../release/model/states.ts";
import { Project } from "../../release/project.ts";
import type { Outcome, RunRecord } from "../../release/record.ts";
import { type DemoRelease, GOOD_RELEASES } from "../../sandbox/images/catalogue.ts";
import { sandboxImages } from "../../sandbox/images/import.ts";
import { layout } from "../../sandbox/layout.ts";
import { stackPlace } from "../../sandbox/stack/place.ts";
import { unwatched } from "../../scenarios/support/stacks.ts";
import { slipwayRelease } from "./driver.ts";

/** The demo service of the sandbox's stack, brought into the states that measurements start from. */
export class Subject {
  readonly project: Project;
  readonly #stack: Stack;
  readonly #before: Release;
  readonly #images: ReadonlyMap<string, string>;
  #signal: AbortSignal;

  private constructor(
    project: Project,
    stack: Stack,
    images: ReadonlyMap<string, string>,
    signal: AbortSignal,
  ) {
    this.project = project;
    this.#stack = stack;
    this.#images = images;
    this.#signal = signal;
    this.#before = this.entry;
  }

  /**
   * @param signal stops everything but `restore`
   * @throws UserError when a release is on its way already.
   */
  static async open(signal: AbortSignal): Promise<Subject> {
    const place = stackPlace();
    const images = await sandboxImages(layout());
    const subject = new Subject(
      await Project.open(place, paths()),
      await openStack(paths(), place),
      new Map(
        images.filter(({ name }) => name === demo.image).map(({ tag, pinned }) => [tag, pinned] as const),
      ),
      signal,
    );
    if (subject.entry.phase !== "canary") return subject;
    throw new UserError({
      where: `slipway:releases.${demo.name}`,
      what: "a release is on its way; measurements start without one",
      remedy: `slipway release rollback ${demo.name} --stack ${place.stack}`,
    });
  }

  get service(): ResolvedService {
    return this.project.service(demo.name);
  }

  get entry(): Release {
    return this.service.release;
  }

  get hostname(): string {
    const [hostname] = this.service.hostnames;
    if (hostname === undefined) throw new Error(`${demo.name} has no host name`);
    return hostname;
  }

  /** Releases that serve, and that can be gone back to. */
  get releases(): { readonly serving: string; readonly behind: string } {
    const { entry } = this;
    const serving = entry[entry.active]?.release;
    const behind = entry[otherOf(entry)]?.release;
    if (serving === undefined || behind === undefined)
      throw new Error(`${demo.name} has a slot without release`);
    return { serving, behind };
  }

  /** Reference by digest of one of the demo service's images. */
  image(tag: DemoRelease): string {
    const found = this.#images.get(tag);
    if (found !== undefined) return found;
    throw new UserError({
      where: `demo:${tag}`,
      what: "the sandbox does not have this image",
      remedy: "npm start",
    });
  }

  /** A good image that does not serve just now. */
  get otherImage(): string {
    const serving = this.entry[this.entry.active]?.image;
    const other = GOOD_RELEASES.map((tag) => this.image(tag)).find((image) => image !== serving);
    if (other === undefined) throw new Error("the catalogue has only one good image");
    return other;
  }

  /** Runs `./slipway release …` on the service, as a user would. */
  async drive(action: "deploy" | "rollback", args: readonly string[], expected: Outcome): Promise<RunRecord> {
    try {
      const stack = ["--stack", this.project.place.stack];
      return await slipwayRelease([action, demo.name, ...stack, ...args], expected, this.#signal);
    } finally {
      await this.project.reload();
    }
  }

  /** Gives all users to a slot, without a release on its way, past the driver and its steps. */
  async serveFrom(active: SlotName): Promise<void> {
    const { weight: _weight, gate: _gate, override: _override, ...slots } = this.entry;
    await this.bring({ ...slots, phase: "steady", active });
  }

  /** Writes an entry into the stack file and brings the stack up. */
  async bring(entry: Release): Promise<void> {
    await this.write(entry);
    await this.up();
  }

  async write(entry: Release): Promise<void> {
    await this.project.save({ [demo.name]: entry });
  }

  async up(): Promise<void> {
    await up(this.#stack, { ...unwatched, signal: this.#signal });
  }

  /** Number of resources that `up` would change. */
  async pendingChanges(): Promise<number> {
    const { same: _, ...changes } = await preview(this.#stack, unwatched);
    return Object.values(changes).reduce((sum: number, count) => sum + (count ?? 0), 0);
  }

  /** Back to the state that it was found in: first the users, then what is in the slots. */
  async restore(): Promise<void> {
    this.#signal = unwatched.signal;
    await this.project.reload();
    await this.serveFrom(this.#before.active);
    await this.bring(this.#before);
  }
}
