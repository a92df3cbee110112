import { z } from "zod";
import { cidr, objectName, port, urlPath } from "./values.ts";

/** Implementations of the Gateway API that Slipway knows; infra/platform/model/presets.ts has their facts. */
export const GATEWAY_PRESETS = [
  "istio",
  "kgateway",
  "envoy-gateway",
  "traefik",
  "nginx",
  "cilium",
  "gke",
] as const;

/** `slipway:gateway`: the preset, and what differs from it in this cluster. */
export const gateway = z.strictObject({
  preset: z.enum(GATEWAY_PRESETS),
  /** GatewayClass. @default the preset's */
  className: objectName.optional(),
  /** Namespace of the pods that carry the traffic. @default the preset's */
  dataPlaneNamespace: objectName.optional(),
  /** Addresses that the traffic comes from, for a gateway outside of the cluster's pods. */
  dataPlaneAddresses: z.array(cidr).min(1).optional(),
  /** Port of the listener. */
  listenerPort: port,
  /** Port that users reach it under, where it is not the scheme's own. Only for printed URLs. */
  publicPort: port.optional(),
  /** TLS Secret in the gateway's namespace; with it the listener speaks HTTPS. */
  certificate: objectName.optional(),
  /** Service that answers with the gateway's metrics. @default the preset's */
  metrics: z
    .strictObject({ service: objectName.optional(), port: port.optional(), path: urlPath.optional() })
    .optional(),
});

export type GatewayPreset = (typeof GATEWAY_PRESETS)[number];
export type GatewayConfig = z.infer<typeof gateway>;
