import type { GatewayPreset } from "../../config/schema/gateway.ts";
import type { MetricProfile, NoProfile } from "./metric-profile.ts";

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
  readonly profile: MetricProfile | NoProfile;
}

/** Everything that differs between gateways; the stack file may override the first three fields. */
export const PRESETS: Readonly<Record<GatewayPreset, Preset>> = {
  // Metrics and labels: istio.io, reference "Istio Standard Metrics"; a gateway has no sidecar behind it and reports as
  // the source. Not measured here.
  istio: {
    className: "istio",
    metrics: { port: 15_020, path: "/stats/prometheus" },
    profile: {
      requests: "istio_requests_total",
      failed: { label: "response_code", pattern: "5.." },
      latency: { buckets: "istio_request_duration_milliseconds_bucket", unit: "milliseconds" },
      backend: { destination_service_name: "$service", destination_service_namespace: "$namespace" },
      only: { reporter: "source" },
    },
  },
  // One Envoy cluster per Service and port, `kube_<namespace>_<name>_<port>`: buildClusterName in its
  // pkg/pluginsdk/ir/backend.go. Port and path: its Helm chart for the proxy. Metrics: Envoy's cluster statistics (the
  // time is in milliseconds). Not measured here.
  kgateway: {
    className: "kgateway",
    metrics: { port: 9_091, path: "/metrics" },
    profile: {
      requests: "envoy_cluster_upstream_rq_xx",
      failed: { label: "envoy_response_code_class", pattern: "5" },
      latency: { buckets: "envoy_cluster_upstream_rq_time_bucket", unit: "milliseconds" },
      backend: { envoy_cluster_name: "kube_$namespace_$service_$port" },
      only: {},
    },
  },
  // Its issues 6742 and 7017 (open): one cluster per rule of a route as long as no backend has a filter.
  "envoy-gateway": {
    className: "eg",
    dataPlaneNamespace: "envoy-gateway-system",
    profile: { absent: "Envoy Gateway counts the backends of a rule as one" },
  },
  // Measured here with 3.6.12 (`<namespace>-<service>-http-<port>`). 3.7 names the route as well and numbers the backend
  // instead of its port; that form was measured with 3.7.11 and 3.7.15.
  traefik: {
    className: "traefik",
    dataPlaneNamespace: "traefik",
    metrics: { service: "traefik", port: 9_100, path: "/metrics" },
    profile: {
      requests: "traefik_service_requests_total",
      failed: { label: "code", pattern: "5.." },
      latency: { buckets: "traefik_service_request_duration_seconds_bucket", unit: "seconds" },
      backend: {
        service: "(?:httproute-.+-svc-)?$namespace-$service-(?:http-$port|[0-9]+)@kubernetesgateway",
      },
      only: {},
    },
  },
  // Documentation of NGINX Gateway Fabric, "Prometheus metrics": the open source edition counts connections and requests
  // of the whole proxy; upstreams are counted by NGINX Plus alone.
  nginx: {
    className: "nginx",
    profile: { absent: "NGINX Gateway Fabric counts per backend only with NGINX Plus" },
  },
  // Documentation of Cilium, "Monitoring & Metrics": Hubble's HTTP metrics are off by default, and which labels they have
  // is chosen where Cilium is installed.
  cilium: {
    className: "cilium",
    outsidePods: true,
    profile: { absent: "Cilium's HTTP metrics differ with each installation" },
  },
  // Google's load balancers report to Cloud Monitoring, minutes late; there is nothing that Prometheus could scrape.
  gke: {
    className: "gke-l7-global-external-managed",
    outsidePods: true,
    profile: { absent: "Google's load balancers have no metrics for Prometheus" },
  },
};
