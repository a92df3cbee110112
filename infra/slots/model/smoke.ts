import type { Service, SmokeCheck } from "../../services/service.ts";

/** What the runner in the pod does: without a path it only connects. */
export interface Check {
  readonly name: string;
  readonly path?: string;
  /** Sent as a POST. */
  readonly json?: unknown;
  readonly status?: number;
  /** Regular expression that the answer's body must match. */
  readonly body?: string;
}

/** Label `app` of a service's smoke tests: network policies let them reach the service. */
export function smokeApp(service: string): string {
  return `${service}-smoke`;
}

/** What is tried before a candidate gets (more) traffic; without checks of its own, whether it says it is ready. */
export function smokeChecks({ kind, probes, smoke }: Pick<Service, "kind" | "probes" | "smoke">): Check[] {
  const connect: Check[] = kind === "tcp" ? [{ name: "connection" }] : [];
  const ready: Check = { name: "readiness", path: probes.readiness, status: 200 };
  const own = smoke.map(asked);
  return [...connect, ...(own.length === 0 ? [ready] : own)];
}

function asked({ name, path, json, expect }: SmokeCheck): Check {
  return {
    name,
    path,
    ...(json === undefined ? {} : { json }),
    status: expect.status,
    ...(expect.body === undefined ? {} : { body: expect.body }),
  };
}
