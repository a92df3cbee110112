import type { Release } from "../../infra/config/schema/releases.ts";
import { note } from "../driver/report.ts";
import type { Session } from "../driver/session.ts";
import type { DrilledMove } from "../record.ts";
import type { Audience } from "./audience.ts";
import type { DrilledFile } from "./file.ts";
import type { Home } from "./home.ts";

/** What a rehearsal works with. */
export interface RehearsalParts {
  readonly session: Session;
  readonly file: DrilledFile;
  readonly home: Home;
  readonly audience: Audience;
  /** The entry that a rollback would write. */
  readonly back: Release;
  /** Aborted by Ctrl-C, by the loss of the lock, or because somebody rolls back in earnest. */
  readonly signal: AbortSignal;
}

/** Both ways back of a service, there and forward again, with their times. */
export class Rehearsal {
  readonly #parts: RehearsalParts;
  #engineMoved = false;

  constructor(parts: RehearsalParts) {
    this.#parts = parts;
  }

  /** Whether the engine has begun to move anything. */
  get engineMoved(): boolean {
    return this.#engineMoved;
  }

  /** @throws Failed, ChangedMeanwhile, the signal's reason, or what the engine says; users may be on either release then. */
  async run(): Promise<void> {
    const { session, file, home, audience, back } = this.#parts;
    if (audience.blindSpot !== undefined) await session.add(note(audience.blindSpot));
    for (const entry of [back, file.original]) {
      await this.#move("emergency", entry, () => home.patch(entry));
    }
    await this.#move("planned", back, async () => {
      await file.leave(back);
      await this.#up("planned rollback");
    });
    await this.#move("planned", file.original, async () => {
      await file.restore();
      await this.#up("forward again");
    });
    await home.verify();
  }

  /** One move of all users, and how long it takes until none of them meets the release that they leave. */
  async #move(way: DrilledMove["way"], to: Release, command: () => Promise<void>): Promise<void> {
    const { session, file, home, audience, back, signal } = this.#parts;
    const leaving = releaseOf(to === back ? file.original : back);
    const arriving = releaseOf(to);
    signal.throwIfAborted();
    await file.expectOwn();
    session.status(`${way}: ${leaving} → ${arriving}`);
    const since = performance.now();
    await command();
    const seconds = Math.round(performance.now() - since) / 1_000;
    await home.tellTraffic(to);
    const seen = await audience.passage({ since, leaving, arriving }, signal);
    const data = { service: file.service, way, from: leaving, to: arriving, seconds, ...seen };
    await session.add({ what: "drilled", data });
  }

  async #up(title: string): Promise<void> {
    const { session, signal } = this.#parts;
    this.#engineMoved = true;
    await session.engine.up(title, session, signal);
  }
}

function releaseOf(entry: Release): string {
  return entry[entry.active]?.release ?? "";
}
