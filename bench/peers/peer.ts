import type { BenchContext } from "../bench.ts";
import type { Subject } from "../release/subject.ts";
import type { Site } from "./site.ts";

/** How often, where nothing speaks for another number. */
export const RUNS = 5;

/** Another way to take a release back. */
export interface Peer {
  /** As the figures name it. */
  readonly name: string;
  /** How often its way back is measured. */
  readonly runs: number;
  /** Prepares the tool. @returns why it cannot be measured on this machine; undefined when it can. */
  prepare(context: BenchContext): Promise<string | undefined>;
  /** Puts the demo service up, with an image, where there is nothing yet. */
  install(site: Site, subject: Subject, image: string): Promise<void>;
  /** Moves it to another image; ends when the tool says that it is done. */
  change(site: Site, image: string): Promise<void>;
  /** Takes the last change back, to `image`; ends when the tool says that it is done. */
  rollBack(site: Site, image: string): Promise<void>;
  /** Takes away what is not in the site's namespace. */
  remove(site: Site): Promise<void>;
}
