import type { ServiceDefinition } from "./service.ts";

/** The API (Spring Boot); its database and cache are reached by the addresses that the stack file gives. */
export const backend: ServiceDefinition = {
  name: "paws360-backend",
  system: "paws360",
  kind: "http",
  owner: "paws360-team",
  image: "paws360-backend",
  port: 8080,
  probes: {
    readiness: "/actuator/health/readiness",
    liveness: "/actuator/health/liveness",
    startup: "3m",
    interval: "5s",
    settle: "10s",
  },
  metrics: "/actuator/prometheus",
  signals: {
    requests: "http_server_requests_seconds_count",
    codeLabel: "status",
    latencyBuckets: "http_server_requests_seconds_bucket",
    latencyUnit: "seconds",
    except: { uri: "/actuator.*" },
  },
  smoke: [
    { name: "health", path: "/actuator/health", expect: { body: '"status":"UP"' } },
    {
      // The right answer to a stranger comes from the user table.
      name: "login flow",
      path: "/auth/login",
      json: { email: "smoke-test@paws360.example", password: "nobody" },
      expect: { status: 401 },
    },
    { name: "data integrity: session store", path: "/auth/health", expect: { body: '"status":"UP"' } },
  ],
  replicas: 2,
  resources: {
    requests: { cpu: "500m", memory: "1Gi" },
    limits: { memory: "1536Mi" },
  },
  disruption: { maxUnavailable: 1 },
  shutdown: { preStop: "10s", grace: "45s" },
  config: {
    JAVA_TOOL_OPTIONS: "-XX:MaxRAMPercentage=70",
    MANAGEMENT_ENDPOINT_HEALTH_PROBES_ENABLED: "true",
    MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE: "health,prometheus",
    // Without it Spring has no buckets, and nothing could be said about a candidate's latency.
    MANAGEMENT_METRICS_DISTRIBUTION_PERCENTILESHISTOGRAM_HTTP_SERVER_REQUESTS: "true",
    SERVER_SHUTDOWN: "graceful",
  },
  secrets: ["SPRING_DATASOURCE_PASSWORD", "SPRING_DATA_REDIS_PASSWORD", "JWT_SIGNING_KEY"],
  scratch: ["/tmp"],
  steps: [5, 25, 100],
  objectives: { availability: "99.9%", latency: { p95: "500ms" } },
};

/** The web application; asks the backend for everything. */
export const frontend: ServiceDefinition = {
  name: "paws360-frontend",
  system: "paws360",
  kind: "http",
  owner: "paws360-team",
  image: "paws360-frontend",
  port: 3000,
  probes: { readiness: "/api/health", liveness: "/api/live", startup: "1m", interval: "5s", settle: "10s" },
  metrics: "/api/metrics",
  signals: {
    requests: "http_requests_total",
    codeLabel: "code",
    latencyBuckets: "http_request_duration_seconds_bucket",
    latencyUnit: "seconds",
    except: { route: "/api/(health|live|metrics)" },
  },
  smoke: [
    { name: "health", path: "/api/health" },
    { name: "login page", path: "/login" },
  ],
  replicas: 2,
  resources: {
    requests: { cpu: "200m", memory: "256Mi" },
    limits: { memory: "512Mi" },
  },
  disruption: { maxUnavailable: 1 },
  shutdown: { preStop: "10s", grace: "30s" },
  config: { NODE_ENV: "production" },
  secrets: ["SESSION_SECRET"],
  calls: ["paws360-backend"],
  scratch: ["/tmp"],
  steps: [5, 25, 100],
  objectives: { availability: "99.9%", latency: { p95: "800ms" } },
};
