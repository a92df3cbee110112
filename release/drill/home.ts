import { isDeepStrictEqual } from "node:util";
import type { Release } from "../../infra/config/schema/releases.ts";
import type { ResolvedService } from "../../infra/services/resolve.ts";
import { heavier } from "../../infra/slots/model/live.ts";
import { trafficPatch, type Weights } from "../../infra/slots/model/traffic.ts";
import { persist } from "../driver/persist.ts";
import { note } from "../driver/report.ts";
import { Failed } from "../driver/run.ts";
import type { Session } from "../driver/session.ts";
import { holding } from "../driver/take-back.ts";
import { currentWeights, formatWeights, moveTraffic, plannedWeights } from "../driver/traffic.ts";
import type { DrilledFile } from "./file.ts";

/** How long to try to give users their version back, in milliseconds. */
const PUT_BACK_MS = 300_000;

/** The state that a drill began in: moves users away from it, and has the way back to it. */
export class Home {
  readonly #session: Session;
  readonly #file: DrilledFile;

  constructor(session: Session, file: DrilledFile) {
    this.#session = session;
    this.#file = file;
  }

  /**
   * Gives users the version that they had, first thing; the stack file and the engine's record follow.
   * @param moved whether the engine may have moved anything: it is asked to set that right then
   * @param beforeUp what must be done before the engine may work
   * @throws ChangedMeanwhile when another run has decided meanwhile; Failed, or what else is in the way.
   */
  async putBack(moved: boolean, beforeUp: () => Promise<void>): Promise<void> {
    const { project, service, original } = this.#file;
    await this.#file.expectOwn();
    await persist(() => this.patch(original), this.#session, AbortSignal.timeout(PUT_BACK_MS));
    await this.tellTraffic(original);
    await this.#file.restore();
    const { signal } = new AbortController();
    await holding({ project, report: this.#session, signal }, [service], async () => {
      await beforeUp();
      if (moved) await this.#session.engine.up("record the way back", this.#session, signal);
    });
    await this.verify();
  }

  /** Gives users the shares of an entry, past the engine. */
  async patch(entry: Release): Promise<void> {
    const { project, service } = this.#file;
    if (await moveTraffic(project.cluster, this.#service, this.#weights(entry))) return;
    throw new Failed("edited by hand", `the route of ${service} has a shape that is not Slipway's`);
  }

  async tellTraffic(entry: Release): Promise<void> {
    const { service } = this.#file;
    const weights = this.#weights(entry);
    const slot = heavier(weights);
    await this.#session.add({ what: "traffic", data: { service, slot, weight: weights[slot] } });
  }

  /** @throws Failed when the traffic is not shared as before the drill. */
  async verify(): Promise<void> {
    const live = await currentWeights(this.#file.project.cluster, this.#service);
    const wanted = this.#weights(this.#file.original);
    if (!isDeepStrictEqual(live, wanted)) {
      const found = `${formatWeights(live)} instead of ${formatWeights(wanted)}`;
      throw new Failed("cluster", `the traffic is shared ${found}`);
    }
    await this.#session.add(note(`verified: ${formatWeights(live)}, as before the drill`));
  }

  /** What a person runs where no process of Slipway is left to do it. */
  get command(): string {
    const { project, original } = this.#file;
    const { object, operations } = trafficPatch(this.#service, this.#weights(original));
    const { kind, name, namespace } = object;
    const { context } = project.config.cluster;
    return `kubectl patch ${kind} ${name} --context ${context} --namespace ${namespace} --type json --patch '${JSON.stringify(operations)}'`;
  }

  #weights(release: Release): Weights {
    return plannedWeights({ ...this.#service, release });
  }

  get #service(): ResolvedService {
    const { project, service } = this.#file;
    return project.service(service);
  }
}
