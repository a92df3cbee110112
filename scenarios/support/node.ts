import type { Telling } from "../scenario.ts";
import { kubectl, kubectlWith } from "./cluster.ts";
import type { Stage } from "./stage.ts";

/** Takes no new pods on the cluster's only node until the returned function is called, or the scenario ends. */
export async function cordon(afterwards: Telling["afterwards"]): Promise<() => Promise<unknown>> {
  const node = (await kubectl("get", "nodes", "--output=name")).trim();
  const uncordon = () => kubectl("uncordon", node);
  afterwards(uncordon);
  await kubectl("cordon", node);
  return uncordon;
}

/**
 * Asks the API server to evict a pod, as a drain does.
 * @returns false when the disruption budget does not allow it now
 */
export async function evict({ namespace }: Pick<Stage, "namespace">, pod: string): Promise<boolean> {
  const eviction = {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: { name: pod, namespace },
  };
  try {
    await kubectlWith(eviction, "create", "--raw", path(namespace, pod), "--filename=-");
    return true;
  } catch (error) {
    if (String(error).includes("violate the pod's disruption budget")) return false;
    throw error;
  }
}

function path(namespace: string, pod: string): string {
  return `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`;
}
