import { isDeepStrictEqual } from "node:util";
import type { Release } from "../../infra/config/schema/releases.ts";
import type { ResolvedService } from "../../infra/services/resolve.ts";
import { heavier } from "../../infra/slots/model/live.ts";
import { trafficPatch, type Weights } from "../../infra/slots/model/traffic.ts";
import { persist } from "../driver/persist.ts";
import { note } from "../driver/report.ts";
import { Failed } from "../driver/run.ts";
import type { Session } from "../driver/session.ts";
import { holding, record } from "../driver/take-back.ts";
import { currentWeights, formatWeights, moveTraffic, plannedWeights } from "../driver/traffic.ts";
import type { DrilledMove } from "../record.ts";
import type { Audience } from "./audience.ts";
import type { DrilledFile } from "./file.ts";

/** How long to try to give users their version back, in milliseconds. */
const PUT_BACK_MS = 300_000;

/** What a rehearsal works with. */
export interface RehearsalParts {
  readonly session: Session;
  readonly file: DrilledFile;
  readonly audience: Audience;
  /** The entry that a rollback would write. */
  readonly back: Release;
  /** Aborted by Ctrl-C, by the loss of the lock, or because somebody rolls back in earnest. */
  readonly signal: AbortSignal;
}

/** Both ways back of a service, there and forward again, with their times. */
export class Rehearsal {
  readonly #parts: RehearsalParts;
  /** Whether the engine has begun to move anything. */
  #recorded = false;

  constructor(parts: RehearsalParts) {
    this.#parts = parts;
  }

  /** @throws Failed, ChangedMeanwhile, the signal's reason, or what the engine says; users may be on either release then. */
  async run(): Promise<void> {
    const { session, file, audience, back, signal } = this.#parts;
    if (audience.blindSpot !== undefined) await session.add(note(audience.blindSpot));
    await session.add(note(`should this process be killed, users come back with: ${this.#command()}`));
    for (const entry of [back, file.original]) {
      await this.#move("emergency", entry, () => this.#patch(this.#weights(entry)));
    }
    await this.#move("planned", back, async () => {
      await file.save(back);
      await this.#up("planned rollback", signal);
    });
    await this.#move("planned", file.original, async () => {
      await file.restore();
      await this.#up("forward again", signal);
    });
    await this.#verify();
  }

  /**
   * Gives users the version that they had, first thing; the stack file and the engine's record follow.
   * @param beforeRecord what must be done before the file may be written
   * @throws ChangedMeanwhile when another run has decided meanwhile; Failed, or what else is in the way.
   */
  async putBack(beforeRecord: () => Promise<void>): Promise<void> {
    const { session, file } = this.#parts;
    await file.expectOwn();
    await this.#patch(this.#weights(file.original), AbortSignal.timeout(PUT_BACK_MS));
    await beforeRecord();
    await file.restore();
    if (this.#recorded) {
      const { signal } = new AbortController();
      const way = { project: file.project, engine: session.engine, report: session, signal };
      await holding(way, [file.service], () => record(way, [file.service]));
    }
    await this.#verify();
  }

  /** What a person does where Slipway cannot go on. */
  get byHand(): string {
    const { file } = this.#parts;
    return `give users ${releaseOf(file.original)} with: ${this.#command()}\nthen run pulumi up`;
  }

  /** One move of all users, and how long it takes until none of them meets the release that they leave. */
  async #move(way: DrilledMove["way"], to: Release, command: () => Promise<void>): Promise<void> {
    const { session, file, audience, back, signal } = this.#parts;
    const leaving = releaseOf(to === back ? file.original : back);
    const arriving = releaseOf(to);
    signal.throwIfAborted();
    await file.expectOwn();
    session.status(`${way}: ${leaving} → ${arriving}`);
    const since = performance.now();
    await command();
    const seconds = Math.round(performance.now() - since) / 1_000;
    if (way === "planned") await this.#tellTraffic(this.#weights(to));
    const seen = await audience.passage({ since, leaving, arriving }, signal);
    const data = { service: file.service, way, from: leaving, to: arriving, seconds, ...seen };
    await session.add({ what: "drilled", data });
  }

  /** @param insist tries again until aborted, where the cluster does not answer */
  async #patch(weights: Weights, insist?: AbortSignal): Promise<void> {
    const { session, file } = this.#parts;
    const move = () => moveTraffic(file.project.cluster, this.#service, weights);
    const moved = await (insist === undefined ? move() : persist(move, session, insist));
    if (!moved)
      throw new Failed("edited by hand", `the route of ${file.service} has a shape that is not Slipway's`);
    await this.#tellTraffic(weights);
  }

  async #tellTraffic(weights: Weights): Promise<void> {
    const { session, file } = this.#parts;
    const slot = heavier(weights);
    await session.add({ what: "traffic", data: { service: file.service, slot, weight: weights[slot] } });
  }

  async #up(title: string, signal: AbortSignal): Promise<void> {
    const { session } = this.#parts;
    this.#recorded = true;
    await session.engine.up(title, session, signal);
  }

  async #verify(): Promise<void> {
    const { session, file } = this.#parts;
    const live = await currentWeights(file.project.cluster, this.#service);
    const wanted = this.#weights(file.original);
    if (!isDeepStrictEqual(live, wanted)) {
      const found = `${formatWeights(live)} instead of ${formatWeights(wanted)}`;
      throw new Failed("cluster", `the traffic is shared ${found}`);
    }
    await session.add(note(`verified: ${formatWeights(live)}, as before the drill`));
  }

  #weights(release: Release): Weights {
    return plannedWeights({ ...this.#service, release });
  }

  get #service(): ResolvedService {
    const { project, service } = this.#parts.file;
    return project.service(service);
  }

  #command(): string {
    const { project, original } = this.#parts.file;
    const { object, operations } = trafficPatch(this.#service, this.#weights(original));
    const { kind, name, namespace } = object;
    const { context } = project.config.cluster;
    return `kubectl patch ${kind} ${name} --context ${context} --namespace ${namespace} --type json --patch '${JSON.stringify(operations)}'`;
  }
}

function releaseOf(entry: Release): string {
  return entry[entry.active]?.release ?? "";
}
