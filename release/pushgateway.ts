import { z } from "zod";
import { Undelivered } from "./notify/channel.ts";
import { accepted, exchange } from "./notify/http.ts";

/** A metric with its values, as prom-client's `getMetricsAsJSON` gives it. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: "sum";
  readonly values: readonly Value[];
}

interface Value {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Labels that a Pushgateway keeps a push under, beside the job. */
export type Grouping = Readonly<Record<string, string>>;

/** Numbers come as text, as Prometheus writes them. */
const sample = z.object({
  labels: z.record(z.string(), z.string()),
  value: z.string().optional(),
  count: z.string().optional(),
  sum: z.string().optional(),
  /** Upper bound -> count of all samples up to it. */
  buckets: z.record(z.string(), z.string()).optional(),
});
type Sample = z.infer<typeof sample>;

const family = z.object({ type: z.string(), help: z.string().default(""), metrics: z.array(sample) });

const groups = z.object({
  data: z.array(z.looseObject({ labels: z.record(z.string(), z.string()) })).default([]),
});

/**
 * What a Pushgateway holds of some counters and histograms in one group.
 * @param names the metrics; those that are not there are left out
 * @throws Undelivered
 */
export async function readTotals(
  gateway: string,
  grouping: Grouping,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Metric[]> {
  const url = `${gateway}/api/v1/metrics`;
  const { text } = accepted(url, await exchange({ method: "GET", url }, signal));
  return totalsIn(text, grouping, names);
}

/** The same, from the text of the answer. */
export function totalsIn(text: string, grouping: Grouping, names: readonly string[]): Metric[] {
  const group = parse(text).data.find(({ labels }) => sameLabels(labels, grouping));
  return names.flatMap((name) => {
    const found = family.safeParse(group?.[name]);
    if (!found.success) return [];
    const { type, help, metrics } = found.data;
    const values = metrics.flatMap((metric) => valuesOf(name, metric, grouping));
    return [{ name, help, type: type.toLowerCase(), aggregator: "sum", values }];
  });
}

function parse(text: string): z.infer<typeof groups> {
  try {
    return groups.parse(JSON.parse(text));
  } catch {
    throw new Undelivered("the answer is not a Pushgateway's: check slipway:delivery.pushgateway", false);
  }
}

function valuesOf(name: string, { labels, value, count, sum, buckets }: Sample, grouping: Grouping): Value[] {
  const own = Object.fromEntries(
    Object.entries(labels).filter(([label]) => label !== "instance" && !(label in grouping)),
  );
  if (buckets === undefined) return value === undefined ? [] : [{ labels: own, value: Number(value) }];
  const all = { ...buckets, "+Inf": count ?? "0" };
  return [
    ...Object.entries(all).map(([le, below]) => ({
      metricName: `${name}_bucket`,
      labels: { le, ...own },
      value: Number(below),
    })),
    { metricName: `${name}_sum`, labels: own, value: Number(sum ?? 0) },
    { metricName: `${name}_count`, labels: own, value: Number(count ?? 0) },
  ];
}

function sameLabels(labels: Grouping, wanted: Grouping): boolean {
  const keys = Object.keys(labels);
  return keys.length === Object.keys(wanted).length && keys.every((key) => labels[key] === wanted[key]);
}
