import type { GatewayPreset } from "../../infra/config/schema/gateway.ts";
import { SLOTS, type SlotName } from "../../infra/lib/names.ts";
import type { LatencyUnit, MetricProfile } from "../../infra/platform/model/metric-profile.ts";
import { PRESETS } from "../../infra/platform/model/presets.ts";
import type { ResolvedService } from "../../infra/services/resolve.ts";
import { type Check, fillIn } from "../../infra/services/signals.ts";
import { SERVICE_PORT } from "../../infra/slots/model/manifests.ts";

/** What is asked about the slots of a service, and about whom. */
export interface Questions {
  readonly service: ResolvedService;
  /** The environment's gateway. */
  readonly gateway: GatewayPreset;
}

/** Who counted the requests: the gateway on their way in, or the service's own pods. */
export type Counter = "gateway" | "service";

/** What every query's result says about a slot. Latency in seconds, everything else a count. */
export const FIGURES = ["requests", "errors", "p95", "restarts"] as const;
export type Figure = (typeof FIGURES)[number];

/** Who counts a service's requests. Connections that no gateway shares out can only be counted where they end. */
export function counterOf({ service, gateway }: Questions): Counter {
  return profileOf({ service, gateway }) === undefined ? "service" : "gateway";
}

function profileOf({ service, gateway }: Questions): MetricProfile | undefined {
  const { profile } = PRESETS[gateway];
  return service.kind === "tcp" || "absent" in profile ? undefined : profile;
}

/**
 * PromQL for the figures of both slots over the last seconds. Each gives one value per slot, under the label `slot`, and
 * none for a slot that Prometheus knows nothing of.
 */
export function slotQueries(questions: Questions, windowSeconds: number): Readonly<Record<Figure, string>> {
  const { service } = questions;
  const profile = profileOf(questions);
  const traffic = profile === undefined ? ownTraffic(service) : gatewayTraffic(profile, service);
  const pods = podsOf(service);
  return {
    requests: counted(traffic.requests, windowSeconds),
    errors: counted(traffic.errors, windowSeconds),
    p95: quantile(traffic, windowSeconds),
    restarts: `sum by (slot) (${pods.bySlot(added(pods.series, windowSeconds))})`,
  };
}

/** PromQL of a service's own check of a candidate. */
export function checkQuery(
  { query }: Pick<Check, "query">,
  service: Pick<ResolvedService, "name" | "namespace" | "environment">,
  slot: SlotName,
  windowSeconds: number,
): string {
  const { name, namespace, environment } = service;
  return fillIn(query, { service: name, slot, namespace, environment, window: `${windowSeconds}s` });
}

/**
 * Several queries as one. The results keep their labels and get their name as the label `figure`.
 * The line breaks end a comment that a query may end with.
 */
export function joined(queries: Readonly<Record<string, string>>): string {
  return Object.entries(queries)
    .map(([name, query]) => `label_replace(\n${query}\n, "figure", ${quote(name)}, "", "")`)
    .join(" or ");
}

/** Some series of both slots, and how a vector of them gets the label `slot`. */
interface SlotSeries {
  readonly series: string;
  bySlot(vector: string): string;
}

interface Traffic {
  readonly requests: SlotSeries;
  readonly errors: SlotSeries;
  readonly buckets: SlotSeries;
  readonly unit: LatencyUnit;
}

function gatewayTraffic(profile: MetricProfile, { name, namespace }: ResolvedService): Traffic {
  const values: Record<string, string> = {
    namespace,
    service: eitherSlot(name),
    port: String(SERVICE_PORT),
  };
  const backend = Object.entries(profile.backend).map(([label, pattern]) => ({
    label,
    namesSlot: pattern.includes("$service"),
    pattern: pattern.replace(/\$(namespace|service|port)/g, (_, key: string) => values[key] ?? ""),
  }));
  const bySlot = (vector: string) =>
    backend
      .filter(({ namesSlot }) => namesSlot)
      .reduce((inner, { label, pattern }) => slotFrom(inner, label, pattern), vector);
  const matchers = [
    ...Object.entries(profile.only).map(([label, value]) => `${label}=${quote(value)}`),
    ...backend.map(({ label, pattern }) => `${label}=~${quote(pattern)}`),
  ];
  return traffic(profile.requests, profile.failed, profile.latency, matchers, bySlot);
}

/** Prometheus puts the labels `service`, `environment` and `slot` on what it scrapes from a slot's pods. */
function ownTraffic({ name, environment, signals }: ResolvedService): Traffic {
  const matchers = [
    `service=${quote(name)}`,
    `environment=${quote(environment)}`,
    `slot=~${quote(SLOTS.join("|"))}`,
    ...Object.entries(signals.except).map(([label, pattern]) => `${label}!~${quote(pattern)}`),
  ];
  const { requests, codeLabel, latencyBuckets: buckets, latencyUnit: unit } = signals;
  const failed = { label: codeLabel, pattern: "5.." };
  return traffic(requests, failed, { buckets, unit }, matchers, (vector) => vector);
}

function traffic(
  requests: string,
  failed: MetricProfile["failed"],
  { buckets, unit }: MetricProfile["latency"],
  matchers: readonly string[],
  bySlot: SlotSeries["bySlot"],
): Traffic {
  const failing = `${failed.label}=~${quote(failed.pattern)}`;
  return {
    requests: { series: selector(requests, matchers), bySlot },
    errors: { series: selector(requests, [...matchers, failing]), bySlot },
    buckets: { series: selector(buckets, matchers), bySlot },
    unit,
  };
}

/** Container restarts as kube-state-metrics counts them. A Deployment's pods are `<deployment>-<hash>-<id>`. */
function podsOf({ name, namespace }: ResolvedService): SlotSeries {
  const pattern = `${eitherSlot(name)}-[a-z0-9]+-[a-z0-9]+`;
  const matchers = [`namespace=${quote(namespace)}`, `pod=~${quote(pattern)}`];
  return {
    series: selector("kube_pod_container_status_restarts_total", matchers),
    bySlot: (vector) => slotFrom(vector, "pod", pattern),
  };
}

/** What was added per slot, as long as something is still being counted: old counts say nothing about now. */
function counted({ series, bySlot }: SlotSeries, seconds: number): string {
  return `sum by (slot) (${bySlot(added(series, seconds))}) and count by (slot) (${bySlot(series)})`;
}

function quantile({ buckets: { series, bySlot }, unit }: Traffic, seconds: number): string {
  const sums = `sum by (slot, le) (${bySlot(added(series, seconds))})`;
  return `histogram_quantile(0.95, ${sums})${unit === "milliseconds" ? " / 1000" : ""}`;
}

/** Pattern of the names of both slots' Services and Deployments; its one group is the slot. */
function eitherSlot(service: string): string {
  return `${service}-(${SLOTS.join("|")})`;
}

/** How far back a sample still says where a counter stood; Prometheus' own default for the same question. */
const LOOKBACK = "5m";

/**
 * What was added to each counter within the last seconds. Unlike increase(), which only knows the way from one sample to
 * the next, it counts a series in full that appeared within the time: the first failed request makes such a series. After
 * a restart the counter itself is what was added since.
 *
 * A series that Prometheus merely did not know yet, because it was not running itself when the time began, counts from
 * its first sample on: what it holds may be years old.
 */
function added(series: string, seconds: number): string {
  const within = `${series}[${seconds}s]`;
  const now = `last_over_time(${within})`;
  const before = (of: string) => `last_over_time(${of}[${LOOKBACK}] offset ${seconds}s)`;
  const unknown = `min_over_time(${within}) unless on() ${before("up")}`;
  const start = `(${before(series)} or (${unknown}))`;
  return `((${now} - ${start}) >= 0 unless resets(${within}) > 0) or ${now}`;
}

function selector(metric: string, matchers: readonly string[]): string {
  return `${metric}{${matchers.join(",")}}`;
}

function slotFrom(vector: string, label: string, pattern: string): string {
  return `label_replace(${vector}, "slot", "$1", ${quote(label)}, ${quote(pattern)})`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
