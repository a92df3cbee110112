import { formatCpu, formatMemory, formatResources, type Resources } from "../../lib/quantity.ts";
import type { ResolvedService } from "../../services/resolve.ts";

/** Pods of one kind that may run at once. */
export interface Demand {
  readonly pods: number;
  readonly resources: Resources;
}

const MEBIBYTE = 1024 ** 2;

/**
 * A ResourceQuota's `hard` limits for what the namespace is known to run. Services that would open a port of the nodes
 * or order a load balancer are refused altogether: traffic comes through the gateway.
 * @param headroom per cent above the demand
 */
export function quota(demands: readonly Demand[], headroom: number): Record<string, string> {
  const total = (amount: (resources: Resources) => number) =>
    demands.reduce((sum, { pods, resources }) => sum + pods * amount(resources), 0) * (1 + headroom / 100);
  const memory = (bytes: number) => formatMemory({ bytes: Math.ceil(bytes / MEBIBYTE) * MEBIBYTE });
  const pods = demands.reduce((sum, demand) => sum + demand.pods, 0) * (1 + headroom / 100);
  return {
    pods: String(Math.ceil(pods)),
    "requests.cpu": formatCpu({ millicores: Math.ceil(total(({ requests }) => requests.cpu.millicores)) }),
    "requests.memory": memory(total(({ requests }) => requests.memory.bytes)),
    "limits.memory": memory(total(({ limits }) => limits.memory.bytes)),
    "services.loadbalancers": "0",
    "services.nodeports": "0",
  };
}

/** What a service's demand depends on. */
export type Sized = Pick<ResolvedService, "replicas" | "autoscale" | "migration" | "resources">;

/**
 * Both slots of a service at full size, one slot's rollout (a surge pod, and as many that shut down: they count until
 * they are gone), a migration where it has one, and a smoke test, which asks for nothing itself.
 */
export function serviceDemand(
  { replicas, autoscale, migration, resources }: Sized,
  defaults: Resources,
): Demand[] {
  const slot = autoscale?.max ?? replicas;
  return [
    { pods: 3 * slot + 1 + (migration === undefined ? 0 : 1), resources },
    { pods: 1, resources: defaults },
  ];
}

/** A LimitRange's entry: what a container gets that asks for nothing itself. */
export function containerDefaults(resources: Resources) {
  const { requests, limits } = formatResources(resources);
  return { type: "Container", defaultRequest: requests, default: limits };
}
