import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { ClusterAccess } from "./model/cluster.ts";

/** Reads a secret of the stack. */
export type ReadSecret = (name: string) => pulumi.Output<string>;

/** The only provider of Kubernetes objects: explicit, so that no object can land in another cluster. */
export function clusterProvider(access: ClusterAccess, secret: ReadSecret): k8s.Provider {
  return new k8s.Provider("cluster", {
    context: access.context,
    clusterIdentifier: access.clusterIdentifier,
    enableServerSideApply: true,
    kubeconfig: kubeconfigOf(access, secret),
  });
}

function kubeconfigOf({ kubeconfig }: ClusterAccess, secret: ReadSecret): pulumi.Input<string> | undefined {
  switch (kubeconfig.from) {
    case "secret":
      return secret(kubeconfig.name);
    case "file":
      return kubeconfig.path;
    case "environment":
      return undefined;
  }
}
