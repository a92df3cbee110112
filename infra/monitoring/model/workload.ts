import { containerSecurity, podSecurity } from "../../lib/hardening.ts";
import { appSelector, labels } from "../../lib/labels.ts";
import { formatMemory, formatResources } from "../../lib/quantity.ts";
import { HTTP_ROUTE, routeSpec } from "../../platform/model/route.ts";
import { PROMETHEUS, PROMETHEUS_PORT } from "./identity.ts";
import type { PrometheusPlan } from "./plan.ts";

/** User that Prometheus' images run as (`nobody`). */
const NOBODY = 65_534;

/** The engine goes on without waiting for the object to settle. */
const SKIP_AWAIT = { "pulumi.com/skipAwait": "true" };

/** Names that are known only when the objects are made. */
export interface Made<Text> {
  readonly configMap: Text;
  /** Undefined: samples live as long as the pod. */
  readonly claim: Text | undefined;
}

function ownLabels({ environment }: PrometheusPlan): Record<string, string> {
  return {
    ...labels({ name: PROMETHEUS, component: "metrics", partOf: "monitoring", environment }),
    ...appSelector(PROMETHEUS),
  };
}

/** Prometheus' configuration. */
export function prometheusConfigMap(plan: PrometheusPlan) {
  return { immutable: true, metadata: { labels: ownLabels(plan) }, data: { "prometheus.yml": plan.yaml } };
}

/** Prometheus' Deployment. Two pods must never share one data folder: the old one goes first. */
export function prometheusDeployment<Text>(plan: PrometheusPlan, made: Made<Text>) {
  const own = ownLabels(plan);
  return {
    metadata: { name: PROMETHEUS, labels: own },
    spec: {
      replicas: 1,
      revisionHistoryLimit: 2,
      strategy: { type: "Recreate" },
      selector: { matchLabels: appSelector(PROMETHEUS) },
      template: {
        metadata: { labels: own },
        spec: {
          serviceAccountName: PROMETHEUS,
          // It asks the API server where the pods are.
          automountServiceAccountToken: true,
          enableServiceLinks: false,
          securityContext: podSecurity(NOBODY),
          containers: [container(plan)],
          volumes: [
            { name: "config", configMap: { name: made.configMap } },
            made.claim === undefined
              ? { name: "data", emptyDir: {} }
              : { name: "data", persistentVolumeClaim: { claimName: made.claim } },
          ],
        },
      },
    },
  };
}

function container({ config, url }: PrometheusPlan) {
  const probe = (path: string) => ({ httpGet: { path, port: "http" } });
  return {
    name: PROMETHEUS,
    image: config.image,
    imagePullPolicy: "IfNotPresent",
    args: [
      "--config.file=/etc/prometheus/prometheus.yml",
      "--storage.tsdb.path=/prometheus",
      `--web.listen-address=:${PROMETHEUS_PORT}`,
      ...(url === undefined ? [] : [`--web.external-url=${url}`]),
    ],
    ports: [{ name: "http", containerPort: PROMETHEUS_PORT, protocol: "TCP" }],
    resources: formatResources(config.resources),
    securityContext: containerSecurity(),
    readinessProbe: { ...probe("/-/ready"), periodSeconds: 5 },
    // Healthy from the first moment, also while the write-ahead log is read back, which may take minutes.
    livenessProbe: { ...probe("/-/healthy"), periodSeconds: 15 },
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: [
      { name: "config", mountPath: "/etc/prometheus", readOnly: true },
      { name: "data", mountPath: "/prometheus" },
    ],
  };
}

/** Prometheus' Service. The Deployment is awaited; waiting for the Service as well would only take longer. */
export function prometheusService(plan: PrometheusPlan) {
  return {
    metadata: { name: PROMETHEUS, labels: ownLabels(plan), annotations: SKIP_AWAIT },
    spec: {
      type: "ClusterIP",
      selector: appSelector(PROMETHEUS),
      ports: [{ name: "http", port: PROMETHEUS_PORT, targetPort: "http", protocol: "TCP" }],
    },
  };
}

/**
 * The claim of Prometheus' volume; undefined where the stack file gives no storage. Not awaited: many storage classes
 * make the volume only when the pod is there.
 */
export function prometheusClaim(plan: PrometheusPlan) {
  const { storage, storageClass } = plan.config;
  if (storage === undefined) return undefined;
  return {
    metadata: { name: PROMETHEUS, labels: ownLabels(plan), annotations: SKIP_AWAIT },
    spec: {
      accessModes: ["ReadWriteOnce"],
      storageClassName: storageClass,
      resources: { requests: { storage: formatMemory(storage) } },
    },
  };
}

/** The route to Prometheus, where the stack file gives it a host name. */
export function prometheusRoute(plan: PrometheusPlan) {
  const { hostname } = plan.config;
  if (hostname === undefined) return undefined;
  return {
    ...HTTP_ROUTE,
    metadata: { name: PROMETHEUS, labels: ownLabels(plan) },
    spec: routeSpec(plan.gateway, [hostname], [{ name: PROMETHEUS, port: PROMETHEUS_PORT, weight: 1 }]),
  };
}
