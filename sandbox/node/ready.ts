import { Resolver } from "node:dns/promises";
import { get } from "node:http";
import { CoreV1Api, type V1Node } from "@kubernetes/client-node";
import { UserError } from "../../infra/lib/errors.ts";
import type { StepContext } from "../../machine/steps.ts";
import { waitFor } from "../../machine/wait.ts";
import { CLUSTER } from "../addresses.ts";
import { sandboxConfig } from "../cluster.ts";
import type { Layout } from "../layout.ts";
import { GATEWAY_URL } from "../ports.ts";

const NODE_MS = 90_000;
const SERVED_MS = 60_000;
const TIMEOUT_MS = 2_000;

/** Whether the node says that it is ready, and when it said so. */
export function nodeReadiness(node: V1Node | undefined): {
  readonly ready: boolean;
  readonly at: Date | undefined;
} {
  const condition = node?.status?.conditions?.find(({ type }) => type === "Ready");
  return { ready: condition?.status === "True", at: condition?.lastHeartbeatTime };
}

/** The node's object; undefined before the kubelet made it. */
export function readNode(place: Layout): Promise<V1Node | undefined> {
  return sandboxConfig(place)
    .makeApiClient(CoreV1Api)
    .readNode({ name: CLUSTER.nodeName })
    .catch(() => undefined);
}

/**
 * Waits until the node is ready.
 * @param since what the node said before does not count: the kubelet has been started anew at this time.
 */
export async function waitNodeReady(
  place: Layout,
  { report, signal }: StepContext,
  since: Date,
): Promise<void> {
  // The API server keeps whole seconds.
  const earliest = since.getTime() - 1_000;
  report("waiting for the node to be ready");
  const check = async () => {
    const { ready, at } = nodeReadiness(await readNode(place));
    return ready && (at?.getTime() ?? 0) >= earliest ? true : undefined;
  };
  if ((await waitFor(check, { signal, timeoutMs: NODE_MS, everyMs: 200 })) === true) return;
  throw new UserError({
    what: `the node is not ready after ${NODE_MS / 1_000} s`,
    where: `node ${CLUSTER.nodeName}`,
    remedy: "slipway sandbox logs kubelet shows why",
  });
}

/** Waits until the cluster's DNS and the gateway answer from this machine: what was ready before a crash may lie. */
export async function waitServed({ report, signal }: StepContext): Promise<void> {
  const waits = { "cluster DNS": resolves, gateway: gatewayAnswers };
  for (const [what, check] of Object.entries(waits)) {
    report(`waiting for an answer of the ${what}`);
    if ((await waitFor(async () => (await check()) || undefined, { signal, timeoutMs: SERVED_MS })) === true)
      continue;
    throw new UserError({
      what: `the ${what} does not answer after ${SERVED_MS / 1_000} s, although its pod is ready`,
      where: what === "gateway" ? GATEWAY_URL : CLUSTER.dnsAddress,
      remedy: "slipway sandbox logs kube-proxy; a firewall of this machine may be in the way",
    });
  }
}

async function resolves(): Promise<boolean> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 1 });
  resolver.setServers([CLUSTER.dnsAddress]);
  try {
    const addresses = await resolver.resolve4(`kubernetes.default.svc.${CLUSTER.domain}`);
    return addresses.includes(CLUSTER.apiServiceAddress);
  } catch {
    return false;
  }
}

/** Any answer counts: without a route the gateway answers 404. */
export function gatewayAnswers(): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(GATEWAY_URL, { agent: false, timeout: TIMEOUT_MS }, (answer) => {
      answer.resume();
      resolve(true);
    });
    request.on("timeout", () => request.destroy(new Error("timeout"))).on("error", () => resolve(false));
  });
}
