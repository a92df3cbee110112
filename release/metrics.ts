import { AggregatorRegistry, Counter, Gauge, Histogram, Pushgateway, Registry } from "prom-client";
import { attempt, PACE, type Pace } from "./notify/attempts.ts";
import { Undelivered } from "./notify/channel.ts";
import { readTotals } from "./pushgateway.ts";
import { ACTIONS, CAUSES, type Delivery, isPartial, type Outcome, type RunRecord } from "./record.ts";

const JOB = "slipway-release";

/** Upper bounds in seconds: from a sandbox's half minute to a careful hour. */
const DURATION_BUCKETS = [15, 30, 60, 120, 180, 300, 600, 900, 1_800, 3_600];

/** Values of `deployment_status`; a run with nothing to do has none. */
const STATUS: Readonly<Record<Exclude<Outcome, "nothing to do">, number>> = {
  failed: 0,
  stopped: 0,
  succeeded: 1,
  "rolled back": 2,
};
type Result = keyof typeof STATUS;
const RESULTS = Object.keys(STATUS) as Result[];

/** What grows over all runs: a Pushgateway does not add up, so the driver does. */
const CUMULATIVE = ["deployments_total", "deployment_rollbacks_total", "deployment_duration_seconds"];

/**
 * Tells a Pushgateway about a run, once for each of its services (grouping: environment, service). At the start: that it
 * runs, and all counters, so that their first increase is seen. At the end: how it went. Never fails.
 * @param gateway the Pushgateway's address
 */
export async function pushMetrics(
  gateway: string,
  record: RunRecord,
  pace: Pace = PACE,
): Promise<Delivery[]> {
  return Promise.all(
    record.parts.map(async ({ service }) => {
      const channel = `pushgateway ${service}`;
      try {
        await push(gateway.replace(/\/+$/, ""), record, service, pace);
        return { channel, ok: true, detail: "pushed" };
      } catch (error) {
        return { channel, ok: false, detail: (error as Error).message };
      }
    }),
  );
}

async function push(gateway: string, record: RunRecord, service: string, pace: Pace): Promise<void> {
  const groupings = { environment: record.environment, service };
  const group = { job: JOB, ...groupings };
  const before = await attempt((signal) => readTotals(gateway, group, CUMULATIVE, signal), pace);
  const present = await metricsOf(record).getMetricsAsJSON();
  const registry = AggregatorRegistry.aggregate([present, before]);
  const client = new Pushgateway(gateway, { timeout: pace.timeoutMs }, registry);
  const target = { jobName: JOB, groupings };
  await attempt(async () => {
    // A finished run replaces all of the group; one that goes on leaves standing how the last one ended.
    await (resultOf(record) === undefined ? client.pushAdd(target) : client.push(target)).catch(
      (error: Error) => {
        throw undelivered(gateway, error);
      },
    );
  }, pace);
}

/** prom-client has the status in the error's text only. */
function undelivered(gateway: string, { message }: Error): Undelivered {
  const status = Number(/ status (\d+)/.exec(message)?.[1] ?? 500);
  return new Undelivered(`${new URL(gateway).host}: ${message}`, status >= 500 || status === 429);
}

/** The metrics of one run. Counters and the histogram hold this run alone: one, or none while it goes on. */
export function metricsOf(record: RunRecord): Registry {
  const registry = new Registry();
  const result = resultOf(record);
  counters(registry, record, result);
  const gauge = gaugesIn(registry);
  gauge(
    "deployment_in_progress",
    "1 while a run goes on; stays 1 when it was killed.",
    running(record) ? 1 : 0,
  );
  gauge("deployment_started_timestamp_seconds", "When the last run started.", unixTime(record.startedAt));
  gauge("deployment_runner", "Always 1; who started the last run.", 1, { runner: record.who.login });
  if (result !== undefined) results(gauge, record, result);
  return registry;
}

function counters(registry: Registry, record: RunRecord, result: Result | undefined): void {
  const registers = [registry];
  const { action, cause = "asked for", figures } = record;
  const total = new Counter({
    name: "deployments_total",
    help: "Runs by what they were to do and how they ended.",
    labelNames: ["action", "outcome"],
    registers,
  });
  for (const outcome of RESULTS) total.inc({ action, outcome: labelOf(outcome) }, outcome === result ? 1 : 0);
  const rollbacks = new Counter({
    name: "deployment_rollbacks_total",
    help: "Runs that put users back on the version before, by reason.",
    labelNames: ["reason"],
    registers,
  });
  const back = result !== undefined && wentBack(record);
  for (const reason of CAUSES) rollbacks.inc({ reason: labelOf(reason) }, back && reason === cause ? 1 : 0);
  const duration = new Histogram({
    name: "deployment_duration_seconds",
    help: "How long runs took.",
    labelNames: ["action"],
    buckets: DURATION_BUCKETS,
    registers,
  });
  for (const each of ACTIONS) duration.zero({ action: each });
  if (result !== undefined && figures.seconds !== undefined) duration.observe({ action }, figures.seconds);
}

function results(gauge: SetGauge, record: RunRecord, result: Result): void {
  const { action, parts, cause, figures, finishedAt = record.startedAt } = record;
  const release = parts[0]?.to.release ?? "";
  gauge(
    "deployment_status",
    "How the last run ended: 1 succeeded, 0 failed or stopped, 2 rolled back.",
    wentBack(record) ? STATUS["rolled back"] : STATUS[result],
    { action, release },
  );
  gauge(
    "deployment_partial_state",
    "1 when the last run left users, or services of one system, on both releases.",
    isPartial(record) ? 1 : 0,
  );
  gauge("deployment_last_run_timestamp_seconds", "When the last run ended.", unixTime(finishedAt));
  if (cause !== undefined && result !== "succeeded") {
    gauge("deployment_fail_reason", "Always 1; why the last run did not succeed.", 1, {
      reason: labelOf(cause),
    });
  }
  if (wentBack(record)) {
    const reason = labelOf(cause ?? "asked for");
    gauge("deployment_rollback_reason", "Always 1; why the last run put users back.", 1, { reason });
  }
  if (figures.secondsToDetect !== undefined) {
    gauge(
      "deployment_time_to_detect_seconds",
      "From the first user on it to the decision.",
      figures.secondsToDetect,
    );
  }
  if (figures.secondsToRollBack !== undefined) {
    gauge(
      "deployment_time_to_roll_back_seconds",
      "From the decision to the last user.",
      figures.secondsToRollBack,
    );
  }
}

type SetGauge = (
  name: string,
  help: string,
  value: number,
  labels?: Readonly<Record<string, string>>,
) => void;

function gaugesIn(registry: Registry): SetGauge {
  return (name, help, value, labels = {}) => {
    const labelNames = Object.keys(labels);
    new Gauge({ name, help, labelNames, registers: [registry] }).set({ ...labels }, value);
  };
}

function resultOf({ outcome }: RunRecord): Result | undefined {
  return outcome === "nothing to do" ? undefined : outcome;
}

function running({ finishedAt }: RunRecord): boolean {
  return finishedAt === undefined;
}

function wentBack({ action, outcome }: RunRecord): boolean {
  return outcome === "rolled back" || (action === "rollback" && outcome === "succeeded");
}

function labelOf(words: string): string {
  return words.replaceAll(" ", "_");
}

function unixTime(iso: string): number {
  return Date.parse(iso) / 1_000;
}
