import { setTimeout as sleep } from "node:timers/promises";
import { slotSelector } from "../infra/lib/labels.ts";
import type { SlotName } from "../infra/lib/names.ts";
import { slotName } from "../infra/slots/model/manifests.ts";
import { tail } from "../machine/run.ts";
import type { Cluster, KubernetesObject } from "./cluster.ts";

/** What a container is doing, as the kubelet tells it. */
export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
  readonly lastState?: { readonly terminated?: Terminated };
}

interface Terminated {
  readonly exitCode: number;
  readonly reason?: string;
  /** The end of the log, when the container failed. */
  readonly message?: string;
}

/** A pod, as far as its health goes. */
export interface Pod extends KubernetesObject {
  readonly status?: {
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

/** A slot's Deployment, as far as a release looks at it. */
export interface Deployment extends KubernetesObject {
  readonly metadata: KubernetesObject["metadata"] & { readonly generation?: number };
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: { readonly spec?: { readonly containers?: readonly { readonly image?: string }[] } };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly readyReplicas?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

/** Pods that can answer, of those that there should be. */
export interface SlotHealth {
  readonly ready: number;
  readonly wanted: number;
  /** The image that its pods are made with; undefined where there is no Deployment. */
  readonly image: string | undefined;
}

/** Why waiting for a slot is in vain. */
export interface Hopeless {
  /** In one sentence. */
  readonly reason: string;
  /** The last lines of the container that failed, where the kubelet has told them. */
  readonly log?: string;
  /** The container whose log may say more. */
  readonly container?: { readonly pod: string; readonly name: string };
}

/** Which pods are watched: only those of the release on its way, whatever else its slot still holds. */
export interface WatchedSlot {
  readonly namespace: string;
  readonly service: string;
  readonly slot: SlotName;
  readonly release: string;
}

const VERSION = "app.kubernetes.io/version";
const LOG_LINES = 10;
const LOOK_MS = 2_000;
/** A container that failed so often does not come up by itself. */
const RESTARTS = 2;

/** States of a waiting container that no time mends. */
const STUCK = new Set([
  "ImagePullBackOff",
  "ErrImagePull",
  "ErrImageNeverPull",
  "InvalidImageName",
  "CreateContainerConfigError",
]);

/** What a busy kubelet says of a ConfigMap or Secret that was made just now; its next try goes well. */
const UNSETTLED = /^failed to sync (configmap|secret) cache/;

/** The Deployments of a service's slots, out of a list. */
export function deploymentsOf(
  service: string,
  found: readonly Deployment[],
): Record<SlotName, Deployment | undefined> {
  const of = (slot: SlotName) => found.find(({ metadata }) => metadata.name === slotName(service, slot));
  return { blue: of("blue"), green: of("green") };
}

/** How many of a slot's pods can answer; all zero where it has no Deployment. */
export function slotHealth(deployment: Deployment | undefined): SlotHealth {
  if (deployment === undefined) return { ready: 0, wanted: 0, image: undefined };
  return {
    ready: deployment.status?.readyReplicas ?? 0,
    wanted: deployment.spec?.replicas ?? 1,
    image: deployment.spec?.template?.spec?.containers?.[0]?.image,
  };
}

/**
 * Why a release will not come up in its slot; undefined while it still may.
 * @param pods those of the release
 */
export function hopeless(
  release: string,
  pods: readonly Pod[],
  deployment: Deployment | undefined,
): Hopeless | undefined {
  for (const pod of pods) {
    const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
    for (const status of [...initContainerStatuses, ...containerStatuses]) {
      const found = hopelessContainer(pod.metadata.name, status);
      if (found !== undefined) return found;
    }
  }
  return deployment === undefined ? undefined : hopelessDeployment(release, deployment);
}

function hopelessContainer(pod: string, status: ContainerStatus): Hopeless | undefined {
  const { reason = "", message } = status.state?.waiting ?? {};
  const told = message === undefined ? "" : `: ${message}`;
  if (STUCK.has(reason) && !UNSETTLED.test(message ?? "")) return { reason: `pod ${pod}: ${reason}${told}` };
  if (reason !== "CrashLoopBackOff" && (status.ready || status.restartCount < RESTARTS)) return undefined;
  const last = status.lastState?.terminated;
  const times = `${status.restartCount} ${status.restartCount === 1 ? "restart" : "restarts"}`;
  return {
    reason: `pod ${pod} does not stay up: ${times}${last === undefined ? "" : `, ${ending(last)}`}`,
    ...(last?.message === undefined ? {} : { log: tail(last.message, LOG_LINES) }),
    container: { pod, name: status.name },
  };
}

function ending({ exitCode, reason }: Terminated): string {
  return `exit code ${exitCode}${reason === undefined || reason === "Error" ? "" : ` (${reason})`}`;
}

function hopelessDeployment(release: string, { metadata, status = {} }: Deployment): Hopeless | undefined {
  const isOfRelease = metadata.labels?.[VERSION] === release;
  const isSeen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  // What the conditions tell is about the release before.
  if (!isOfRelease || !isSeen) return undefined;
  const condition = status.conditions?.find(
    ({ type, status: value, reason }) =>
      (type === "ReplicaFailure" && value === "True") ||
      (type === "Progressing" && value === "False" && reason === "ProgressDeadlineExceeded"),
  );
  if (condition === undefined) return undefined;
  const { type, reason, message } = condition;
  return {
    reason: `deployment ${metadata.name}: ${reason ?? type}${message === undefined ? "" : `: ${message}`}`,
  };
}

/**
 * Watches a release's pods while something else waits for them to come up.
 * @returns why they will not, with the last lines of the container that failed; undefined when aborted.
 */
export async function watchPods(
  cluster: Pick<Cluster, "get" | "list" | "logs">,
  { namespace, service, slot, release }: WatchedSlot,
  signal: AbortSignal,
  lookMs = LOOK_MS,
): Promise<string | undefined> {
  const selector = Object.entries({ ...slotSelector(service, slot), [VERSION]: release })
    .map((pair) => pair.join("="))
    .join(",");
  const look = async () => {
    const [pods, deployment] = await Promise.all([
      cluster.list<Pod>("pods", namespace, selector),
      cluster.get<Deployment>({ kind: "deployment.apps", namespace, name: slotName(service, slot) }),
    ]);
    return hopeless(release, pods, deployment);
  };
  while (!signal.aborted) {
    // A look that fails says nothing about the pods; whoever waits for them meets the same trouble.
    const found = await look().catch(() => undefined);
    if (found !== undefined) return withLog(found, await logOf(cluster, namespace, found));
    await sleep(lookMs, undefined, { signal, ref: false }).catch(() => {});
  }
  return undefined;
}

function withLog({ reason }: Hopeless, log: string): string {
  return log === "" ? reason : `${reason}; its last lines:\n${log.replaceAll(/^/gm, "  ")}`;
}

async function logOf(
  cluster: Pick<Cluster, "logs">,
  namespace: string,
  { log, container }: Hopeless,
): Promise<string> {
  if (log !== undefined || container === undefined) return log ?? "";
  const { pod, name } = container;
  const read = (previous: boolean) =>
    cluster.logs({ namespace, pod, container: name, previous, lines: LOG_LINES });
  // The failed run's log; it may be gone, or the container may be in its first run.
  const text = await read(true)
    .catch(() => read(false))
    .catch(() => "");
  return tail(text, LOG_LINES);
}
