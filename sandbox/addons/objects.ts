import type {
  KubernetesObject,
  V1ClusterRole,
  V1ClusterRoleBinding,
  V1Container,
  V1Deployment,
  V1PolicyRule,
  V1Probe,
  V1Service,
  V1ServiceAccount,
  V1Volume,
} from "@kubernetes/client-node";
import { containerSecurity, NONROOT, podSecurity } from "../../infra/lib/hardening.ts";

/** Name, namespace and image reference of an add-on that is one Deployment. */
export interface Addon {
  readonly name: string;
  readonly namespace: string;
}

/** Labels of an add-on's objects; also select its pods. */
export function addonLabels(name: string): Record<string, string> {
  return { app: name, "app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "slipway-sandbox" };
}

/** A service account, and a cluster role bound to it. */
export function serviceAccount({ name, namespace }: Addon, rules: V1PolicyRule[]): KubernetesObject[] {
  const labels = addonLabels(name);
  const role = `slipway:${name}`;
  const account: V1ServiceAccount = {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, namespace, labels },
  };
  const clusterRole: V1ClusterRole = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: role, labels },
    rules,
  };
  const binding: V1ClusterRoleBinding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: role, labels },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    subjects: [{ kind: "ServiceAccount", name, namespace }],
  };
  return [account, clusterRole, binding];
}

/** What differs between the add-ons' Deployments. */
export interface Workload extends Addon {
  readonly container: Omit<V1Container, "name" | "securityContext" | "imagePullPolicy">;
  readonly volumes?: V1Volume[];
  /** Further labels of its pods. */
  readonly podLabels?: Readonly<Record<string, string>>;
  /** Replaced at once instead of one beside the other, because it holds something that exists once. */
  readonly exclusive?: boolean;
}

/** A hardened Deployment of one pod. */
export function deployment({
  name,
  namespace,
  container,
  volumes,
  podLabels,
  exclusive,
}: Workload): V1Deployment {
  const labels = addonLabels(name);
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, labels },
    spec: {
      replicas: 1,
      revisionHistoryLimit: 1,
      strategy: exclusive === true ? { type: "Recreate" } : { type: "RollingUpdate" },
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { ...labels, ...podLabels } },
        spec: {
          serviceAccountName: name,
          priorityClassName: "system-cluster-critical",
          securityContext: podSecurity(NONROOT),
          containers: [
            { name, imagePullPolicy: "IfNotPresent", securityContext: containerSecurity(), ...container },
          ],
          ...(volumes === undefined ? {} : { volumes }),
        },
      },
    },
  };
}

/** A Service in front of an add-on's pods. */
export function service({ name, namespace }: Addon, spec: V1Service["spec"]): V1Service {
  const labels = addonLabels(name);
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace, labels },
    spec: { selector: { app: name }, ...spec },
  };
}

/** A probe that asks often: the sandbox is waited for. */
export function quickProbe(path: string, port: number | string): V1Probe {
  return { httpGet: { path, port }, periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 3 };
}

/** A probe that lets a busy machine take its time before it restarts anything. */
export function patientProbe(path: string, port: number | string): V1Probe {
  return { httpGet: { path, port }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 };
}
