import { toSeconds } from "../infra/lib/duration.ts";
import { UserError } from "../infra/lib/errors.ts";
import type { ResolvedService } from "../infra/services/resolve.ts";
import { trafficPatch } from "../infra/slots/model/traffic.ts";
import { liveFigures } from "./analysis/measure.ts";
import { PrometheusUnavailable, stackPrometheus } from "./analysis/prometheus.ts";
import type { KubernetesObject } from "./cluster.ts";
import { type Lease, leaseRef } from "./lease.ts";
import type { Deployment } from "./pods.ts";
import type { Project } from "./project.ts";
import { readRecords } from "./recorder.ts";
import {
  type Known,
  type ServiceFacts,
  type StackFacts,
  type StackStatus,
  statusOf,
} from "./status/model.ts";

/**
 * How a stack's releases stand: by its file, its cluster, its Prometheus and the records of its runs, all asked at once.
 * Whatever does not answer is named in the result, and the rest is there all the same.
 * @param folder of the stack's records
 * @param names services; none: all of them
 * @throws UserError when the stack has no such service.
 */
export async function readStatus(
  project: Project,
  folder: string,
  names: readonly string[],
): Promise<StackStatus> {
  return statusOf(await factsOf(project, folder, names));
}

async function factsOf(project: Project, folder: string, names: readonly string[]): Promise<StackFacts> {
  const { config, cluster, place } = project;
  const { environment, gateway, delivery } = config;
  const wanted = names.length === 0 ? project.services : names.map((name) => project.service(name));
  const windowSeconds = Math.max(1, Math.round(toSeconds(delivery.analysis.window)));
  const [lock, records, ...services] = await Promise.all([
    known(cluster.get<Lease>(leaseRef(environment))),
    known(readRecords(folder)),
    ...wanted.map((service) => serviceFacts(project, service, windowSeconds)),
  ]);
  return { stack: place.stack, environment, gateway, at: new Date(), windowSeconds, lock, records, services };
}

async function serviceFacts(
  { config: { delivery, environment, gateway }, cluster }: Project,
  service: ResolvedService,
  windowSeconds: number,
): Promise<ServiceFacts> {
  const prometheus = stackPrometheus(delivery, cluster, environment);
  const { object } = trafficPatch(service, { blue: 0, green: 0 });
  const [route, deployments, traffic] = await Promise.all([
    known(cluster.get<KubernetesObject>(object)),
    known(cluster.list<Deployment>("deployment.apps", service.namespace, `app=${service.name}`)),
    known(liveFigures(prometheus, { service, gateway: gateway.preset }, windowSeconds)),
  ]);
  return { service, route, deployments, traffic };
}

/** The answer, or why there is none; faults of Slipway itself are neither. */
async function known<T>(work: Promise<T>): Promise<Known<T>> {
  try {
    return { value: await work };
  } catch (error) {
    const why = whyOf(error);
    if (why === undefined) throw error;
    return { why };
  }
}

function whyOf(error: unknown): string | undefined {
  if (error instanceof PrometheusUnavailable) {
    // The cluster stands between us and Prometheus: its own reason says more, and is the same for all that was asked.
    return (
      (error.cause instanceof UserError ? whyOf(error.cause) : undefined) ?? `Prometheus: ${error.message}`
    );
  }
  if (error instanceof UserError) return error.faults.map(({ what }) => what).join("; ");
  const { code, path } = error as NodeJS.ErrnoException;
  return path === undefined ? undefined : `${path}: ${code}`;
}
