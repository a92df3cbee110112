import { stringify } from "yaml";
import type { Config } from "../../config/schema/stack.ts";
import { type Duration, formatDuration } from "../../lib/duration.ts";
import type { Environment } from "../../lib/names.ts";
import { formatMemory } from "../../lib/quantity.ts";
import type { GatewayPlan } from "../../platform/model/gateway.ts";
import type { ResolvedService } from "../../services/resolve.ts";
import { PROMETHEUS_PORT } from "./identity.ts";

/** Where a job finds what it scrapes. */
export type Targets =
  /** Fixed addresses, `host:port`. */
  | { readonly kind: "addresses"; readonly addresses: readonly string[] }
  /** The pods behind both slot Services of a service. */
  | { readonly kind: "slots"; readonly namespace: string; readonly service: string }
  /** The pods that a Gateway's controller started for it. */
  | {
      readonly kind: "gateway-pods";
      readonly namespace: string;
      readonly gateway: string;
      readonly port: number;
    };

/** One scrape job, before it is Prometheus' own notation. */
export interface ScrapeJob {
  readonly name: string;
  readonly path: string;
  readonly targets: Targets;
  /** Labels on everything the job brings in. */
  readonly labels: Readonly<Record<string, string>>;
}

/** All jobs of a stack: Prometheus itself, the gateway, kube-state-metrics and every service. */
export function scrapeJobs(
  { environment, monitoring }: Pick<Config, "environment" | "monitoring">,
  services: readonly ResolvedService[],
  gateway: GatewayPlan,
): ScrapeJob[] {
  const { namespace, service, port } = monitoring.kubeStateMetrics;
  const fixed = (name: string, path: string, address: string): ScrapeJob => ({
    name,
    path,
    targets: { kind: "addresses", addresses: [address] },
    labels: { environment },
  });
  return [
    fixed("prometheus", "/metrics", `localhost:${PROMETHEUS_PORT}`),
    ...gatewayJob(gateway, environment),
    fixed("kube-state-metrics", "/metrics", `${service}.${namespace}.svc:${port}`),
    ...services.map(serviceJob),
  ];
}

function gatewayJob({ metrics, namespace }: GatewayPlan, environment: Environment): ScrapeJob[] {
  if (metrics === undefined) return [];
  const targets: Targets =
    metrics.kind === "service"
      ? { kind: "addresses", addresses: [metrics.address] }
      : { kind: "gateway-pods", namespace, gateway: metrics.gateway, port: metrics.port };
  return [{ name: "gateway", path: metrics.path, targets, labels: { environment } }];
}

function serviceJob({ name, namespace, environment, metrics }: ResolvedService): ScrapeJob {
  return {
    name: `service/${name}`,
    path: metrics,
    targets: { kind: "slots", namespace, service: name },
    labels: { environment, service: name },
  };
}

/** Settings of Prometheus that its configuration file holds. */
export type PrometheusSettings = Pick<
  Config["monitoring"]["prometheus"],
  "scrapeInterval" | "scrapeTimeout" | "retention" | "storage"
>;

/** Share of the volume that blocks may fill; the rest is for the write-ahead log and compaction. */
const BLOCKS_SHARE = 0.8;

/** The text of `prometheus.yml`. */
export function prometheusYaml(
  jobs: readonly ScrapeJob[],
  settings: PrometheusSettings,
  environment: Environment,
): string {
  const interval = formatDuration(settings.scrapeInterval);
  return stringify(
    {
      global: {
        scrape_interval: interval,
        scrape_timeout: formatDuration(settings.scrapeTimeout),
        evaluation_interval: interval,
        external_labels: { environment },
      },
      storage: { tsdb: { retention: retention(settings) } },
      scrape_configs: jobs.map(scrapeConfig),
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}

function retention({ retention, storage }: { retention: Duration; storage?: { bytes: number } | undefined }) {
  const mebibyte = 1024 ** 2;
  return {
    time: formatDuration(retention),
    ...(storage === undefined
      ? {}
      : {
          size: `${formatMemory({ bytes: Math.floor((storage.bytes * BLOCKS_SHARE) / mebibyte) * mebibyte })}B`,
        }),
  };
}

function scrapeConfig(job: ScrapeJob) {
  const head = { job_name: job.name, metrics_path: job.path };
  switch (job.targets.kind) {
    case "addresses":
      return { ...head, static_configs: [{ targets: job.targets.addresses, labels: job.labels }] };
    case "slots":
      return {
        ...head,
        kubernetes_sd_configs: [discover("endpointslice", job.targets.namespace)],
        relabel_configs: [
          keep(["service_label_app", "endpointslice_port_name"], `${job.targets.service};http`),
          copy("service_label_slot", "slot"),
          copy("pod_name", "pod"),
          ...fixedLabels(job),
        ],
      };
    case "gateway-pods":
      return {
        ...head,
        kubernetes_sd_configs: [discover("pod", job.targets.namespace)],
        relabel_configs: [
          keep(["pod_label_gateway_networking_k8s_io_gateway_name"], job.targets.gateway),
          {
            source_labels: [meta("pod_ip")],
            target_label: "__address__",
            replacement: `$1:${job.targets.port}`,
          },
          copy("pod_name", "pod"),
          ...fixedLabels(job),
        ],
      };
  }
}

function discover(role: "endpointslice" | "pod", namespace: string) {
  return { role, namespaces: { names: [namespace] } };
}

function meta(name: string): string {
  return `__meta_kubernetes_${name}`;
}

function keep(sources: readonly string[], regex: string) {
  return { source_labels: sources.map(meta), regex, action: "keep" };
}

function copy(source: string, label: string) {
  return { source_labels: [meta(source)], target_label: label };
}

function fixedLabels({ labels }: ScrapeJob) {
  return Object.entries(labels).map(([label, replacement]) => ({ target_label: label, replacement }));
}
