import { existsSync } from "node:fs";
import { KubernetesObjectApi } from "@kubernetes/client-node";
import { residentBytes } from "../machine/processes.ts";
import { NODE_ADDONS } from "./addons/addons.ts";
import { type AddonState, addonStates } from "./addons/apply.ts";
import { CLUSTER } from "./addresses.ts";
import { sandboxConfig } from "./cluster.ts";
import { type Layout, layout } from "./layout.ts";
import { cgroupMounts, cgroupProcesses } from "./node/cgroups.ts";
import { COMPONENTS, type ComponentName } from "./node/components.ts";
import { isHealthy } from "./node/health.ts";
import { policyWarnings } from "./node/policies.ts";
import { nodeReadiness, readNode } from "./node/ready.ts";
import { running, shimProcesses } from "./node/supervise.ts";
import { API_SERVER } from "./pki/kubeconfig.ts";
import { GATEWAY_URL } from "./ports.ts";

/** One process of the node. */
export interface ComponentStatus {
  readonly name: ComponentName;
  readonly state: "healthy" | "unhealthy" | "stopped";
  readonly pid?: number;
  /** Resident memory. */
  readonly memoryBytes: number;
}

/** The sandbox at this moment; plain data. */
export interface SandboxStatus {
  /** `ready`: every component, the node and every add-on; `stopped`: not one process. */
  readonly state: "ready" | "degraded" | "stopped";
  readonly components: readonly ComponentStatus[];
  readonly node: { readonly name: string; readonly ready: boolean; readonly version?: string };
  readonly addons: readonly AddonState[];
  readonly addresses: {
    readonly gateway: string;
    readonly apiServer: string;
    readonly kubeconfig: string;
    readonly context: string;
  };
  /** Resident memory of the components, of the pods and of what holds them. Shared pages count once per process. */
  readonly memoryBytes: { readonly components: number; readonly pods: number; readonly total: number };
  /** What a user should know although nothing is broken. */
  readonly warnings: readonly string[];
}

/** Looks at the sandbox. Changes nothing and never throws because something is down. */
export async function status(place: Layout = layout()): Promise<SandboxStatus> {
  const components = await Promise.all(COMPONENTS.map((name) => componentStatus(place, name)));
  const isUp = (name: ComponentName) =>
    components.find((component) => component.name === name)?.state === "healthy";
  const cluster =
    isUp("kube-apiserver") && existsSync(place.kubeconfig) ? await clusterStatus(place) : NO_CLUSTER;
  const podProcesses = [...cgroupProcesses(cgroupMounts()), ...shimProcesses(place)];
  const pods = sum(podProcesses.map(residentBytes));
  const own = sum(components.map(({ memoryBytes }) => memoryBytes));
  return {
    state: overallState(components, cluster),
    components,
    ...cluster,
    addresses: {
      gateway: GATEWAY_URL,
      apiServer: API_SERVER,
      kubeconfig: place.kubeconfig,
      context: CLUSTER.context,
    },
    memoryBytes: { components: own, pods, total: own + pods },
  };
}

type ClusterPart = Pick<SandboxStatus, "node" | "addons" | "warnings">;

const NO_CLUSTER: ClusterPart = { node: { name: CLUSTER.nodeName, ready: false }, addons: [], warnings: [] };

/** Sums the parts up. Pure. */
export function overallState(
  components: readonly Pick<ComponentStatus, "state">[],
  { node, addons }: Pick<SandboxStatus, "node"> & { readonly addons: readonly Pick<AddonState, "ready">[] },
): SandboxStatus["state"] {
  if (components.every(({ state }) => state === "stopped")) return "stopped";
  const isReady =
    components.every(({ state }) => state === "healthy") && node.ready && addons.every(({ ready }) => ready);
  return isReady ? "ready" : "degraded";
}

async function componentStatus(place: Layout, name: ComponentName): Promise<ComponentStatus> {
  const record = running(place, name);
  if (record === undefined) return { name, state: "stopped", memoryBytes: 0 };
  const state = (await isHealthy(place, name)) ? "healthy" : "unhealthy";
  return { name, state, pid: record.pid, memoryBytes: residentBytes(record.pid) };
}

async function clusterStatus(place: Layout): Promise<ClusterPart> {
  const config = sandboxConfig(place);
  const [node, addons, warnings] = await Promise.all([
    readNode(place),
    addonStates(KubernetesObjectApi.makeApiClient(config), NODE_ADDONS),
    policyWarnings(config),
  ]);
  const version = node?.status?.nodeInfo?.kubeletVersion;
  return {
    node: {
      name: CLUSTER.nodeName,
      ready: nodeReadiness(node).ready,
      ...(version === undefined ? {} : { version }),
    },
    addons,
    warnings,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
