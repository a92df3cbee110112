import type { ServiceDefinition } from "./service.ts";

/** Slipway's own demonstration: says its version in every answer, and fails on request. */
export const demo: ServiceDefinition = {
  name: "demo",
  system: "demo",
  kind: "http",
  owner: "slipway",
  image: "demo",
  port: 8080,
  probes: { readiness: "/health", liveness: "/livez", startup: "30s", interval: "2s", settle: "2s" },
  metrics: "/metrics",
  signals: {
    requests: "http_requests_total",
    codeLabel: "code",
    latencyBuckets: "http_request_duration_seconds_bucket",
    latencyUnit: "seconds",
    except: { route: "/health|/livez|/metrics|/faults" },
  },
  smoke: [
    { name: "health", path: "/health", expect: { body: '"status":"UP"' } },
    { name: "metrics", path: "/metrics", expect: { body: "^build_info" } },
  ],
  replicas: 2,
  resources: {
    requests: { cpu: "50m", memory: "64Mi" },
    limits: { memory: "128Mi" },
  },
  disruption: { maxUnavailable: 1 },
  shutdown: { preStop: "5s", grace: "15s" },
  config: { GREETING: "Hello from Slipway" },
  steps: [5, 25, 100],
  objectives: { availability: "99.9%", latency: { p95: "250ms" } },
};
