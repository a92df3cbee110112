import { setTimeout as sleep } from "node:timers/promises";
import type { GatewayConfig } from "../../infra/config/schema/gateway.ts";
import { UserError } from "../../infra/lib/errors.ts";
import { publicUrl } from "../../infra/platform/model/gateway.ts";
import type { ResolvedService } from "../../infra/services/resolve.ts";
import { TESTERS } from "../../infra/slots/model/live.ts";
import { waitFor } from "../../machine/wait.ts";
import { Failed } from "../driver/run.ts";
import type { DrilledMove } from "../record.ts";
import { hasMoved, type Move, passageOf, tellingOf } from "./observe.ts";
import { Probe } from "./probe.ts";

/** What users saw of a move. */
export type Seen = Pick<DrilledMove, "secondsToLastAnswer" | "requests" | "failed">;

/** Answers that must be there before anything is said about them. */
const FIRST_ANSWERS = 10;
const FIRST_ANSWERS_MS = 5_000;

/** The longest that a move may take: what a rollback may. */
const MOVE_MS = 30_000;

/** How long things are waited for, in milliseconds. */
export interface Pace {
  /** Without an answer of the release that was left, until users count as moved. */
  readonly quiet: number;
  /** Where nobody can see when users have moved. */
  readonly blind: number;
}

const PACE: Pace = { quiet: 1_000, blind: 2_000 };

/** The users' side of a drill: asks at the service's public address for as long as the drill lasts. */
export class Audience {
  /** What cannot be measured, and why; undefined: nothing. */
  readonly blindSpot: string | undefined;
  readonly #probe: Probe | undefined;
  readonly #sees: boolean;
  readonly #pace: Pace;

  private constructor(pace: Pace, probe: Probe | undefined, blindSpot?: string) {
    this.#pace = pace;
    this.#probe = probe;
    this.#sees = blindSpot === undefined;
    this.blindSpot = blindSpot;
  }

  /** @throws UserError when users get another release than the stack file says. */
  static async gather(
    { name, kind, hostnames: [hostname], probes, release }: ResolvedService,
    gateway: GatewayConfig,
    signal: AbortSignal,
    pace: Pace = PACE,
  ): Promise<Audience> {
    if (kind !== "http" || hostname === undefined)
      return new Audience(pace, undefined, `${name} has no address behind the gateway; ${ONLY_COMMANDS}`);
    const url = new URL(probes.readiness, publicUrl(hostname, gateway));
    const serving = release[release.active]?.release ?? "";
    const probe = new Probe(url);
    const enough = () => (probe.answers.length >= FIRST_ANSWERS ? true : undefined);
    try {
      await waitFor(enough, { signal, timeoutMs: FIRST_ANSWERS_MS });
      return Audience.#before(pace, probe, url, serving);
    } catch (error) {
      probe.stop();
      throw error;
    }
  }

  static #before(pace: Pace, probe: Probe, url: URL, serving: string): Audience {
    const telling = tellingOf(probe.answers, serving);
    switch (telling.kind) {
      case "release":
        return new Audience(pace, probe);
      case "silent": {
        const what = `answers of ${url} do not name their release in ${TESTERS.header}`;
        return new Audience(pace, probe, `${what}; ${ONLY_COMMANDS}`);
      }
      case "unreachable":
        probe.stop();
        return new Audience(
          pace,
          undefined,
          `${url} does not answer here (${telling.fault}); ${ONLY_COMMANDS}`,
        );
      case "other":
        throw new UserError({
          where: url.href,
          what: `answers come from ${telling.release}; by the stack file ${serving} has all users`,
          remedy: "see slipway release status",
        });
    }
  }

  /**
   * Waits until users have moved.
   * @throws Failed when they have not within 30 s; the signal's reason when aborted
   */
  async passage(move: Move, signal: AbortSignal): Promise<Seen> {
    const probe = this.#probe;
    if (probe === undefined || !this.#sees) {
      await sleep(this.#pace.blind, undefined, { signal });
      if (probe === undefined) return {};
      const { requests, failed } = passageOf(probe.answers, move);
      return { requests, failed };
    }
    const moved = () =>
      hasMoved(probe.answers, move, performance.now(), this.#pace.quiet) ? true : undefined;
    if (await waitFor(moved, { signal, timeoutMs: MOVE_MS })) return passageOf(probe.answers, move);
    throw new Failed(
      "cluster",
      `answers still come from ${move.leaving} ${MOVE_MS / 1_000} s after the move`,
    );
  }

  leave(): void {
    this.#probe?.stop();
  }
}

const ONLY_COMMANDS = "only the time of the commands is known";
