import type { PrometheusConfig } from "../../config/schema/monitoring.ts";
import type { Config } from "../../config/schema/stack.ts";
import type { Environment } from "../../lib/names.ts";
import { type GatewayPlan, publicUrl } from "../../platform/model/gateway.ts";
import type { GatewayRef } from "../../platform/model/route.ts";
import type { ResolvedService } from "../../services/resolve.ts";
import { prometheusYaml, scrapeJobs } from "./scrape.ts";

/** Everything that is decided about Prometheus. */
export interface PrometheusPlan {
  readonly environment: Environment;
  readonly config: PrometheusConfig;
  /** Text of prometheus.yml. */
  readonly yaml: string;
  /** The address users know it by; undefined: it is not reached through the gateway. */
  readonly url: string | undefined;
  readonly gateway: GatewayRef;
}

/** Prometheus for a stack: what it scrapes, how long it keeps it, and how it is reached. */
export function planPrometheus(
  config: Config,
  services: readonly ResolvedService[],
  gateway: GatewayPlan,
): PrometheusPlan {
  const { environment } = config;
  const { prometheus } = config.monitoring;
  return {
    environment,
    config: prometheus,
    yaml: prometheusYaml(scrapeJobs(config, services, gateway), prometheus, environment),
    url: prometheus.hostname && publicUrl(prometheus.hostname, config.gateway),
    gateway,
  };
}
