import { type Received, type Receiver, type Reply, receiver } from "../notify/receiver.ts";

/** What a Pushgateway has of one group: by name of the metric, without suffixes for histograms. */
interface Group {
  readonly labels: Readonly<Record<string, string>>;
  readonly families: Map<string, { readonly type: string; readonly lines: readonly Line[] }>;
}

/** One line of Prometheus' text format. */
interface Line {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
}

export interface PushgatewayServer extends Receiver {
  /** Value of a series of the present; undefined when there is none. */
  value(service: string, name: string, labels?: Readonly<Record<string, string>>): number | undefined;
  /** All names of one group. */
  names(service: string): string[];
}

/**
 * What a Pushgateway does with pushes, over real HTTP: PUT replaces a group, POST the metrics of the same name, and
 * `/api/v1/metrics` gives them back as Prometheus' Pushgateway does (numbers as text, the group's labels in each metric).
 */
export async function pushgatewayServer(
  disturb?: (request: Received, index: number) => Reply | undefined,
): Promise<PushgatewayServer> {
  const groups = new Map<string, Group>();
  const served = await receiver((request, index) => {
    const answer = handle(request);
    return disturb?.(request, index) ?? answer;
  });
  const group = (service: string) =>
    [...groups.values()].find(({ labels }) => labels.service === service)?.families;
  return {
    ...served,
    value(service, name, labels = {}) {
      const lines = [...(group(service)?.values() ?? [])].flatMap((family) => family.lines);
      const wanted = JSON.stringify(Object.entries(labels).sort());
      const found = lines.find(
        (line) => line.name === name && JSON.stringify(Object.entries(line.labels).sort()) === wanted,
      );
      return found === undefined ? undefined : Number(found.value);
    },
    names: (service) => [...(group(service)?.keys() ?? [])].sort(),
  };

  function handle({ method, path, body }: Received): Reply {
    if (method === "GET" && path === "/api/v1/metrics") {
      return {
        status: 200,
        body: JSON.stringify({ status: "success", data: [...groups.values()].map(toJson) }),
      };
    }
    const labels = labelsOf(path);
    const pushed = parse(body);
    const kept = method === "POST" ? (groups.get(path)?.families ?? []) : [];
    groups.set(path, { labels, families: new Map([...kept, ...pushed]) });
    return { status: 200 };
  }
}

function labelsOf(path: string): Record<string, string> {
  const [, metrics, ...pairs] = path.split("/").map(decodeURIComponent);
  if (metrics !== "metrics" || pairs.length % 2 !== 0) throw new Error(`not a push: ${path}`);
  return Object.fromEntries(
    pairs.flatMap((key, index) => (index % 2 === 0 ? [[key, pairs[index + 1] ?? ""]] : [])),
  );
}

const TYPE = /^# TYPE (\S+) (counter|gauge|histogram)$/;
const SERIES = /^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)$/;

/** @throws Error for a line that is not of the text format, or of a metric whose type was not given before. */
function parse(text: string): Group["families"] {
  const families = new Map<string, { type: string; lines: Line[] }>();
  let family = "";
  for (const line of text.split("\n").filter((each) => each !== "" && !each.startsWith("# HELP "))) {
    const [, name, type] = TYPE.exec(line) ?? [];
    if (name !== undefined && type !== undefined) {
      families.set(name, { type, lines: [] });
      family = name;
      continue;
    }
    const [, series, labels = "", value] = SERIES.exec(line) ?? [];
    if (
      series === undefined ||
      value === undefined ||
      !Number.isFinite(Number(value)) ||
      !series.startsWith(family)
    ) {
      throw new Error(`not a line of the text format: ${line}`);
    }
    families.get(family)?.lines.push({ name: series, labels: parseLabels(labels), value });
  }
  return families;
}

function parseLabels(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, name = "", value = ""]) => [name, value]),
  );
}

function toJson({ labels, families }: Group): unknown {
  const common = { ...labels, instance: "" };
  const entries = [...families].map(([name, { type, lines }]) => [
    name,
    {
      time_stamp: "2026-11-21T14:30:00Z",
      type: type.toUpperCase(),
      metrics: type === "histogram" ? histograms(name, lines, common) : plain(lines, common),
    },
  ]);
  return { labels, last_push_successful: true, ...Object.fromEntries(entries) };
}

function plain(lines: readonly Line[], common: Readonly<Record<string, string>>): unknown[] {
  return lines.map(({ labels, value }) => ({ labels: { ...labels, ...common }, value }));
}

function histograms(
  name: string,
  lines: readonly Line[],
  common: Readonly<Record<string, string>>,
): unknown[] {
  const counts = lines.filter((line) => line.name === `${name}_count`);
  return counts.map(({ labels, value }) => {
    const own = lines.filter((line) => line.labels.action === labels.action);
    const buckets = own.filter((line) => line.name === `${name}_bucket`);
    return {
      labels: { ...labels, ...common },
      count: value,
      sum: own.find((line) => line.name === `${name}_sum`)?.value,
      buckets: Object.fromEntries(buckets.map((bucket) => [bucket.labels.le, bucket.value])),
    };
  });
}
