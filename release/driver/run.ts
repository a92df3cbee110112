import { UserError } from "../../infra/lib/errors.ts";
import type { ResolvedService } from "../../infra/services/resolve.ts";
import { measure } from "../analysis/measure.ts";
import type { Prometheus } from "../analysis/prometheus.ts";
import { compare, type Finding, judge, type Yardstick } from "../analysis/verdict.ts";
import { type Watched, watchStep } from "../analysis/watch.ts";
import { otherOf, shareOf } from "../model/states.ts";
import { watchPods } from "../pods.ts";
import type { Entries, Project } from "../project.ts";
import type { Cause, StepData } from "../record.ts";
import type { Engine } from "./engine.ts";
import { causeOfFault, gistOf } from "./engine-fault.ts";
import type { Report } from "./report.ts";
import { holdTraffic } from "./traffic.ts";

/** A release did not hold up; whoever drives takes it back. */
export class Failed extends Error {
  override readonly name = "Failed";
  readonly because: Cause;

  constructor(because: Cause, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.because = because;
  }
}

/** What the steps of a release work with. */
export interface RunParts {
  readonly project: Project;
  readonly engine: Engine;
  readonly prometheus: Prometheus;
  readonly report: Report;
  /** Aborted by Ctrl-C, by the loss of the lock, or because somebody asked the run to stop. */
  readonly signal: AbortSignal;
}

/** One run of the driver, as its steps see it. */
export class Run implements RunParts {
  readonly project: Project;
  readonly engine: Engine;
  readonly prometheus: Prometheus;
  readonly report: Report;
  readonly signal: AbortSignal;

  constructor({ project, engine, prometheus, report, signal }: RunParts) {
    this.project = project;
    this.engine = engine;
    this.prometheus = prometheus;
    this.report = report;
    this.signal = signal;
  }

  /** Writes entries into the stack file, unless the run is to touch nothing any more. */
  async save(entries: Entries): Promise<void> {
    this.signal.throwIfAborted();
    await this.project.save(entries);
  }

  /** @throws Failed with the engine's messages. */
  async up(title: string): Promise<void> {
    await this.engine.up(title, this.report, this.signal).catch((error) => {
      throw this.#explained(error);
    });
  }

  /** As `up`, for candidates that have no users yet; gives up on pods that will never come up. */
  async bringUp(title: string, services: readonly ResolvedService[]): Promise<void> {
    const giveUp = new AbortController();
    const over = new AbortController();
    const watches = services.map(async ({ name, namespace, release }) => {
      const slot = otherOf(release);
      const candidate = { namespace, service: name, slot, release: release[slot]?.release ?? "" };
      const reason = await watchPods(this.project.cluster, candidate, over.signal);
      if (reason !== undefined) giveUp.abort(new Failed("not ready", `${name}: ${reason}`));
    });
    const signal = AbortSignal.any([this.signal, giveUp.signal]);
    try {
      await this.engine.up(title, this.report, signal);
    } catch (error) {
      this.signal.throwIfAborted();
      giveUp.signal.throwIfAborted();
      throw this.#explained(error);
    } finally {
      over.abort();
      await Promise.all(watches);
    }
  }

  /** Gives candidates the shares that the stack file has. */
  async move(title: string, services: readonly ResolvedService[]): Promise<void> {
    await this.up(title);
    await this.moved(services);
  }

  /** Candidates have the shares that the stack file has. */
  async moved(services: readonly ResolvedService[]): Promise<void> {
    for (const service of services) {
      const slot = otherOf(service.release);
      const weight = shareOf(service.release);
      await this.report.add({ what: "traffic", data: { service: service.name, slot, weight } });
    }
  }

  /**
   * Watches a candidate that has users, until there is a verdict.
   * @throws Failed for every verdict but "pass"; the reason of `stop` when aborted
   */
  async watch(service: ResolvedService, stop: AbortSignal): Promise<void> {
    const over = new AbortController();
    const held = holdTraffic(this.project, [service.name], this.report, over.signal);
    const watched = await this.#watched(service, stop).finally(async () => {
      over.abort();
      // Nothing of the watch may touch the traffic after its end: the next to move it may be the way back.
      await held;
    });
    const findings =
      watched.measurement === undefined ? [] : compare(watched.measurement, this.#yardstick(service));
    const data = stepData(service, watched, findings);
    await this.report.add({ what: "step", data });
    if (watched.outcome === "pass") return;
    const at = `${service.name} ${service.release[otherOf(service.release)]?.release} at ${data.weight} %`;
    throw new Failed(causeOf(watched, findings), `${at}: ${watched.outcome}: ${data.because}`);
  }

  #watched(service: ResolvedService, stop: AbortSignal): Promise<Watched> {
    const candidate = otherOf(service.release);
    const subject = { service, gateway: this.project.config.gateway.preset, candidate };
    const at = `${service.name} at ${shareOf(service.release)} %`;
    return watchStep({
      measure: (windowSeconds) => measure(this.prometheus, subject, windowSeconds),
      judge: (measurement) => judge(measurement, this.#yardstick(service)),
      analysis: this.project.config.delivery.analysis,
      signal: AbortSignal.any([this.signal, stop]),
      onLook: ({ outcome, reasons, seconds }) =>
        this.report.status(`${at}, ${Math.round(seconds)} s: ${outcome}: ${reasons[0]}`),
    });
  }

  #yardstick({ objectives, checks }: ResolvedService): Yardstick {
    return { analysis: this.project.config.delivery.analysis, objectives, checks };
  }

  #explained(error: unknown): unknown {
    this.signal.throwIfAborted();
    if (!(error instanceof UserError)) return error;
    return new Failed(causeOfFault(error.message), gistOf(error.message), { cause: error });
  }
}

function stepData(service: ResolvedService, watched: Watched, findings: readonly Finding[]): StepData {
  const { measurement, outcome: verdict, reasons } = watched;
  const active = measurement?.active;
  const ofActive: Partial<Record<Finding["about"], number | undefined>> = {
    errors: active && active.requests > 0 ? active.errors / active.requests : undefined,
    latency: active?.p95Seconds,
    restarts: active?.restarts,
  };
  return {
    service: service.name,
    weight: shareOf(service.release),
    verdict,
    requests: Math.round(measurement?.candidate.requests ?? 0),
    comparisons: findings.map(({ about, name, outcome, unit, candidate, limit }) => ({
      name,
      verdict: outcome,
      unit,
      ...defined({ candidate, active: ofActive[about], limit }),
    })),
    because: reasons.join("; "),
  };
}

function defined<T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

function causeOf({ outcome }: Watched, findings: readonly Finding[]): Cause {
  const about = findings.find((finding) => finding.outcome === outcome)?.about;
  return outcome === "no data" || about === undefined || about === "requests" ? "no data" : about;
}
