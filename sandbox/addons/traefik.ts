import type { KubernetesObject, V1Namespace, V1PolicyRule } from "@kubernetes/client-node";
import { PORTS } from "../ports.ts";
import {
  type Addon,
  addonLabels,
  deployment,
  patientProbe,
  quickProbe,
  service,
  serviceAccount,
} from "./objects.ts";

export const TRAEFIK: Addon = { name: "traefik", namespace: "traefik" };

/** Name of the GatewayClass. */
export const GATEWAY_CLASS = "traefik";

/** Port of the gateways' listeners: Traefik wants it equal to its entry point's. */
export const LISTENER_PORT = 8_000;
const METRICS_PORT = 9_100;
/** Upper bounds of its latency histogram, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

const GATEWAY_KINDS = [
  "backendtlspolicies",
  "gatewayclasses",
  "gateways",
  "grpcroutes",
  "httproutes",
  "referencegrants",
  "tcproutes",
  "tlsroutes",
];

const RULES: V1PolicyRule[] = [
  {
    apiGroups: [""],
    resources: ["namespaces", "nodes", "services", "secrets", "configmaps"],
    verbs: ["get", "list", "watch"],
  },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
  { apiGroups: ["gateway.networking.k8s.io"], resources: GATEWAY_KINDS, verbs: ["get", "list", "watch"] },
  {
    apiGroups: ["gateway.networking.k8s.io"],
    resources: GATEWAY_KINDS.map((kind) => `${kind}/status`),
    verbs: ["update"],
  },
];

const ARGUMENTS = [
  "--global.checknewversion=false",
  "--global.sendanonymoususage=false",
  `--entrypoints.web.address=:${LISTENER_PORT}`,
  `--entrypoints.metrics.address=:${METRICS_PORT}`,
  "--providers.kubernetesgateway=true",
  // The default of 2 s would hold back a change of weights that follows another one.
  "--providers.providersthrottleduration=100ms",
  "--metrics.prometheus=true",
  "--metrics.prometheus.entrypoint=metrics",
  "--metrics.prometheus.addserviceslabels=true",
  `--metrics.prometheus.buckets=${BUCKETS.join(",")}`,
  "--ping=true",
  "--ping.entrypoint=metrics",
  "--log.level=INFO",
  "--log.format=json",
];

/**
 * The gateway: Traefik with the Gateway API, on a port of its node.
 * @param hostAddress address of the node that the port is opened on; all of them without.
 */
export function traefik(image: string, hostAddress?: string): KubernetesObject[] {
  const { name, namespace } = TRAEFIK;
  const ownNamespace: V1Namespace = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: namespace,
      labels: {
        ...addonLabels(name),
        // "baseline" already forbids the host port through which this machine reaches the gateway.
        "pod-security.kubernetes.io/enforce": "privileged",
      },
    },
  };
  const gatewayClass: KubernetesObject & { spec: object } = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "GatewayClass",
    metadata: { name: GATEWAY_CLASS, labels: addonLabels(name) },
    spec: { controllerName: "traefik.io/gateway-controller" },
  };
  return [
    ownNamespace,
    ...serviceAccount(TRAEFIK, RULES),
    gatewayClass,
    deployment({
      ...TRAEFIK,
      exclusive: true,
      container: {
        image,
        args: ARGUMENTS,
        ports: [
          {
            name: "web",
            containerPort: LISTENER_PORT,
            hostPort: PORTS.gateway,
            ...(hostAddress === undefined ? {} : { hostIP: hostAddress }),
            protocol: "TCP",
          },
          { name: "metrics", containerPort: METRICS_PORT, protocol: "TCP" },
        ],
        readinessProbe: quickProbe("/ping", METRICS_PORT),
        livenessProbe: patientProbe("/ping", METRICS_PORT),
        resources: { requests: { cpu: "50m", memory: "96Mi" }, limits: { memory: "512Mi" } },
      },
    }),
    service(TRAEFIK, {
      ports: [
        { name: "web", port: 80, targetPort: "web", protocol: "TCP" },
        { name: "metrics", port: METRICS_PORT, targetPort: "metrics", protocol: "TCP" },
      ],
    }),
  ];
}
