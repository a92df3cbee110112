import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** What an answered request adds to the metrics. */
export interface Observation {
  readonly method: string;
  /** One of a fixed set, so that strange paths do not make new series. */
  readonly route: string;
  readonly code: number;
  readonly seconds: number;
}

/** The service's own metrics. */
export interface Metrics {
  observe(observation: Observation): void;
  /** Text in the Prometheus exposition format. */
  text(): Promise<string>;
  readonly contentType: string;
}

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Metrics of one instance. `build` become the labels of `build_info`. */
export function createMetrics(build: Readonly<Record<string, string>>): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: "http_requests_total",
    help: "Answered requests.",
    labelNames: ["method", "route", "code"] as const,
    registers: [registry],
  });
  const duration = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time from the request's arrival to the end of its answer.",
    labelNames: ["method", "route", "code"] as const,
    buckets: BUCKETS,
    registers: [registry],
  });
  new Gauge({
    name: "build_info",
    help: "Always 1; the labels say what runs.",
    labelNames: Object.keys(build),
    registers: [registry],
  }).set(build, 1);
  return {
    observe({ method, route, code, seconds }) {
      const labels = { method, route, code: String(code) };
      requests.inc(labels);
      duration.observe(labels, seconds);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
