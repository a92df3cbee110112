import { createHash } from "node:crypto";
import {
  ApiException,
  type KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  PatchStrategy,
  type V1ConfigMap,
  type V1Deployment,
} from "@kubernetes/client-node";
import { UserError } from "../../infra/lib/errors.ts";
import type { StepContext } from "../../machine/steps.ts";
import { waitFor } from "../../machine/wait.ts";
import { type AddonSet, gatewayApiFiles, parseObjects } from "./addons.ts";
import type { Addon } from "./objects.ts";

/** How far an add-on is. */
export interface AddonState extends Addon {
  readonly readyPods: number;
  readonly wantedPods: number;
  readonly ready: boolean;
}

/** Field manager of everything that the sandbox applies. */
export const FIELD_MANAGER = "slipway-sandbox";

/** Holds the fingerprint of what was applied last. */
const MARK = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: FIELD_MANAGER, namespace: "kube-system" },
};
const KINDS_MS = 30_000;
const READY_MS = 120_000;
/** The sandbox owns its add-ons: fields that somebody else changed are taken back. */
const TAKE_OVER = true;

/**
 * Applies the add-ons where they differ from what was applied last, and waits until all of them are ready.
 * @returns whether anything was applied.
 */
export async function ensureAddons(
  config: KubeConfig,
  { addons, objects }: AddonSet,
  context: StepContext,
): Promise<boolean> {
  const definitions = gatewayApiFiles();
  const fingerprint = createHash("sha256")
    .update(JSON.stringify([definitions, objects]))
    .digest("hex");
  const client = KubernetesObjectApi.makeApiClient(config);
  const states = await addonStates(client, addons);
  const isComplete = states.every(({ wantedPods }) => wantedPods > 0);
  const isCurrent = isComplete && (await appliedFingerprint(client)) === fingerprint;
  if (!isCurrent) {
    await applyAll(client, parseObjects(definitions), context);
    await waitForKinds(config, context.signal);
    await applyAll(client, objects, context);
    await applyAll(client, [{ ...MARK, data: { fingerprint } } as V1ConfigMap], context);
  }
  await waitReady(client, addons, context);
  return !isCurrent;
}

/** State of every add-on; one that does not exist wants no pods. */
export function addonStates(client: KubernetesObjectApi, addons: readonly Addon[]): Promise<AddonState[]> {
  return Promise.all(
    addons.map(async (addon) => {
      const found = await readIfThere<V1Deployment>(client, {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { ...addon },
      });
      return { ...addon, ...deploymentState(found) };
    }),
  );
}

/** Ready when the controller has seen the newest declaration, and all pods are of it and ready. */
export function deploymentState(found: V1Deployment | undefined): Omit<AddonState, keyof Addon> {
  const wantedPods = found?.spec?.replicas ?? 0;
  const readyPods = found?.status?.readyReplicas ?? 0;
  const isSeen = found?.status?.observedGeneration === found?.metadata?.generation;
  const isUpdated = (found?.status?.updatedReplicas ?? 0) === wantedPods;
  return { readyPods, wantedPods, ready: wantedPods > 0 && isSeen && isUpdated && readyPods === wantedPods };
}

async function applyAll(
  client: KubernetesObjectApi,
  objects: readonly KubernetesObject[],
  { report, signal }: StepContext,
): Promise<void> {
  for (const object of objects) {
    signal.throwIfAborted();
    report(`applying ${object.kind} ${object.metadata?.name}`);
    await client.patch(object, undefined, undefined, FIELD_MANAGER, TAKE_OVER, PatchStrategy.ServerSideApply);
  }
}

/**
 * The API server serves a new definition's kind a moment after it took the definition.
 * A client remembers which kinds there are, so each look is by a new one.
 */
async function waitForKinds(config: KubeConfig, signal: AbortSignal): Promise<void> {
  const check = () =>
    KubernetesObjectApi.makeApiClient(config)
      .list("gateway.networking.k8s.io/v1", "GatewayClass")
      .then(
        () => true,
        () => undefined,
      );
  if ((await waitFor(check, { signal, timeoutMs: KINDS_MS })) === undefined) {
    throw new UserError({
      what: `the API server does not serve the Gateway API ${KINDS_MS / 1_000} s after it was defined`,
      where: "kube-apiserver",
      remedy: "slipway sandbox logs kube-apiserver shows why",
    });
  }
}

async function waitReady(
  client: KubernetesObjectApi,
  addons: readonly Addon[],
  { report, signal }: StepContext,
): Promise<void> {
  let states: AddonState[] = [];
  const check = async () => {
    states = await addonStates(client, addons);
    const waiting = states.filter(({ ready }) => !ready);
    if (waiting.length > 0) report(`waiting for ${waiting.map(({ name }) => name).join(", ")}`);
    return waiting.length === 0 ? true : undefined;
  };
  if ((await waitFor(check, { signal, timeoutMs: READY_MS, everyMs: 200 })) === true) return;
  throw new UserError(
    states
      .filter(({ ready }) => !ready)
      .map(({ name, namespace, readyPods, wantedPods }) => ({
        what: `${readyPods} of ${wantedPods} pods are ready after ${READY_MS / 1_000} s`,
        where: `add-on ${name}`,
        remedy: `look at it: kubectl --namespace ${namespace} describe pods --selector app=${name}`,
      })),
  );
}

async function appliedFingerprint(client: KubernetesObjectApi): Promise<string | undefined> {
  return (await readIfThere<V1ConfigMap>(client, MARK))?.data?.fingerprint;
}

type ObjectAddress = Parameters<KubernetesObjectApi["read"]>[0];

async function readIfThere<T extends KubernetesObject>(
  client: KubernetesObjectApi,
  address: ObjectAddress,
): Promise<T | undefined> {
  try {
    return (await client.read(address)) as T;
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return undefined;
    throw error;
  }
}
