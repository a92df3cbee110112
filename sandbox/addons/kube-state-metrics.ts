import type { KubernetesObject, V1PolicyRule } from "@kubernetes/client-node";
import { type Addon, deployment, patientProbe, quickProbe, service, serviceAccount } from "./objects.ts";

export const KUBE_STATE_METRICS: Addon = { name: "kube-state-metrics", namespace: "kube-system" };

const METRICS_PORT = 8_080;
const TELEMETRY_PORT = 8_081;

/** API group -> kinds that it reports on. It may list these and nothing else. */
const REPORTED: Readonly<Record<string, readonly string[]>> = {
  "": [
    "limitranges",
    "namespaces",
    "nodes",
    "persistentvolumeclaims",
    "persistentvolumes",
    "pods",
    "resourcequotas",
    "services",
  ],
  apps: ["daemonsets", "deployments", "replicasets", "statefulsets"],
  autoscaling: ["horizontalpodautoscalers"],
  batch: ["cronjobs", "jobs"],
  "networking.k8s.io": ["networkpolicies"],
  policy: ["poddisruptionbudgets"],
};

/** Labels of ours that become labels of `kube_pod_labels` and `kube_deployment_labels`. */
const LABELS = ["app", "slot", "app.kubernetes.io/version", "slipway.dev/environment", "slipway.dev/slot"];

/** Turns the state of the cluster's objects into metrics. */
export function kubeStateMetrics(image: string): KubernetesObject[] {
  const rules: V1PolicyRule[] = Object.entries(REPORTED).map(([group, resources]) => ({
    apiGroups: [group],
    resources: [...resources],
    verbs: ["list", "watch"],
  }));
  const allowed = ["pods", "deployments"].map((kind) => `${kind}=[${LABELS.join(",")}]`);
  return [
    ...serviceAccount(KUBE_STATE_METRICS, rules),
    deployment({
      ...KUBE_STATE_METRICS,
      container: {
        image,
        args: [
          `--port=${METRICS_PORT}`,
          `--telemetry-port=${TELEMETRY_PORT}`,
          `--resources=${Object.values(REPORTED).flat().sort().join(",")}`,
          `--metric-labels-allowlist=${allowed.join(",")}`,
        ],
        ports: [
          { name: "metrics", containerPort: METRICS_PORT, protocol: "TCP" },
          { name: "telemetry", containerPort: TELEMETRY_PORT, protocol: "TCP" },
        ],
        readinessProbe: quickProbe("/readyz", TELEMETRY_PORT),
        livenessProbe: patientProbe("/livez", METRICS_PORT),
        resources: { requests: { cpu: "10m", memory: "48Mi" }, limits: { memory: "200Mi" } },
      },
    }),
    service(KUBE_STATE_METRICS, {
      ports: [
        { name: "metrics", port: METRICS_PORT, targetPort: "metrics", protocol: "TCP" },
        { name: "telemetry", port: TELEMETRY_PORT, targetPort: "telemetry", protocol: "TCP" },
      ],
    }),
  ];
}
