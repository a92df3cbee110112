import type { ClusterConfig } from "../../config/schema/cluster.ts";
import { KUBECONFIG_SECRET } from "../../config/secrets.ts";

/** Where the kubeconfig comes from: a secret of the stack, a file, or whatever the environment has. */
export type KubeconfigSource =
  | { readonly from: "secret"; readonly name: string }
  | { readonly from: "file"; readonly path: string }
  | { readonly from: "environment" };

/** How the engine reaches the cluster. */
export interface ClusterAccess {
  readonly context: string;
  /** Keeps a renewed kubeconfig an update; without it every object would be replaced. */
  readonly clusterIdentifier: string;
  readonly kubeconfig: KubeconfigSource;
}

/** @param hasSecret whether the stack has a secret of that name */
export function clusterAccess(cluster: ClusterConfig, hasSecret: (name: string) => boolean): ClusterAccess {
  return {
    context: cluster.context,
    clusterIdentifier: cluster.context,
    kubeconfig: source(cluster, hasSecret),
  };
}

function source({ kubeconfig }: ClusterConfig, hasSecret: (name: string) => boolean): KubeconfigSource {
  if (kubeconfig !== undefined) return { from: "file", path: kubeconfig };
  return hasSecret(KUBECONFIG_SECRET) ? { from: "secret", name: KUBECONFIG_SECRET } : { from: "environment" };
}
