import type { GatewayPreset } from "../../config/schema/gateway.ts";

/** How a gateway's own metrics tell the slots of a service apart. */
export interface MetricProfile {
  /** Counter of requests. */
  readonly requests: string;
  /** Label of the HTTP status code. */
  readonly code: string;
  /** Label that names the slot's Service, and the pattern of its value; `$1` is `<namespace>-<service>` or the name. */
  readonly backend: { readonly label: string; readonly pattern: string };
  /** Labels that every query must ask for. */
  readonly only: Readonly<Record<string, string>>;
}

/** What one implementation of the Gateway API brings along. */
export interface Preset {
  /** Its GatewayClass, as its own installation names it. */
  readonly className: string;
  /** Namespace of the pods that carry the traffic; undefined: they are started beside the Gateway. */
  readonly dataPlaneNamespace?: string;
  /** The traffic does not come from pods that a network policy could name: addresses are needed. */
  readonly outsidePods?: true;
  /** Where its metrics are: a Service in the data plane's namespace, or the pods beside the Gateway. */
  readonly metrics?: { readonly service?: string; readonly port: number; readonly path: string };
  readonly profile?: MetricProfile;
}

/** Everything that differs between gateways; the stack file may override the first three fields. */
export const PRESETS: Readonly<Record<GatewayPreset, Preset>> = {
  istio: {
    className: "istio",
    metrics: { port: 15_020, path: "/stats/prometheus" },
    profile: {
      requests: "istio_requests_total",
      code: "response_code",
      backend: { label: "destination_service_name", pattern: "(.+)" },
      only: { reporter: "source" },
    },
  },
  kgateway: { className: "kgateway" },
  "envoy-gateway": { className: "eg", dataPlaneNamespace: "envoy-gateway-system" },
  traefik: {
    className: "traefik",
    dataPlaneNamespace: "traefik",
    metrics: { service: "traefik", port: 9_100, path: "/metrics" },
    profile: {
      requests: "traefik_service_requests_total",
      code: "code",
      backend: { label: "service", pattern: "(.+)-http-80@kubernetesgateway" },
      only: {},
    },
  },
  nginx: { className: "nginx" },
  cilium: { className: "cilium", outsidePods: true },
  gke: { className: "gke-l7-global-external-managed", outsidePods: true },
};
