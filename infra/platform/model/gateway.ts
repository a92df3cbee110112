import type { Rule } from "../../config/finding.ts";
import type { GatewayConfig } from "../../config/schema/gateway.ts";
import type { Config } from "../../config/schema/stack.ts";
import { GATEWAY_ACCESS, labels } from "../../lib/labels.ts";
import { type Environment, namespaceOf, protectsLive } from "../../lib/names.ts";
import { PRESETS } from "./presets.ts";

/** Name of the environment's Gateway. */
const NAME = "slipway";

/** Where the gateway's traffic comes from: pods of a namespace, or addresses. */
export type DataPlane = { readonly namespace: string } | { readonly addresses: readonly string[] };

/** Where the gateway answers with its metrics. */
export type GatewayMetrics =
  | { readonly kind: "service"; readonly address: string; readonly port: number; readonly path: string }
  | { readonly kind: "pods"; readonly gateway: string; readonly port: number; readonly path: string };

/** The environment's gateway, preset and stack file put together. */
export interface GatewayPlan {
  readonly name: string;
  readonly namespace: string;
  readonly className: string;
  readonly listener: { readonly port: number; readonly certificate: string | undefined };
  readonly dataPlane: DataPlane;
  readonly metrics: GatewayMetrics | undefined;
  readonly protect: boolean;
}

/** @param config checked by {@link gatewayRules}: a preset without pods has addresses */
export function planGateway({ environment, gateway }: Pick<Config, "environment" | "gateway">): GatewayPlan {
  const preset = PRESETS[gateway.preset];
  const namespace = namespaceOf("gateway", environment);
  const dataPlaneNamespace = gateway.dataPlaneNamespace ?? preset.dataPlaneNamespace ?? namespace;
  return {
    name: NAME,
    namespace,
    className: gateway.className ?? preset.className,
    listener: { port: gateway.listenerPort, certificate: gateway.certificate },
    dataPlane: gateway.dataPlaneAddresses
      ? { addresses: gateway.dataPlaneAddresses }
      : { namespace: dataPlaneNamespace },
    metrics: gatewayMetrics(gateway, dataPlaneNamespace),
    protect: protectsLive(environment),
  };
}

function gatewayMetrics(gateway: GatewayConfig, namespace: string): GatewayMetrics | undefined {
  const { service, port, path } = { ...PRESETS[gateway.preset].metrics, ...gateway.metrics };
  if (port === undefined) return undefined;
  const at = { port, path: path ?? "/metrics" };
  return service === undefined
    ? { kind: "pods", gateway: NAME, ...at }
    : { kind: "service", address: `${service}.${namespace}.svc:${port}`, ...at };
}

/** Whether the pods that carry the traffic run in the Gateway's own namespace. */
export function isDataPlaneHere({ namespace, dataPlane }: GatewayPlan): boolean {
  return "namespace" in dataPlane && dataPlane.namespace === namespace;
}

/** The Gateway object. Only namespaces of this environment may attach routes to it. */
export function gatewayObject(plan: GatewayPlan, environment: Environment) {
  const { port, certificate } = plan.listener;
  const secure = certificate !== undefined;
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: {
      name: plan.name,
      labels: labels({ name: plan.name, component: "gateway", partOf: "slipway", environment }),
    },
    spec: {
      gatewayClassName: plan.className,
      listeners: [
        {
          name: secure ? "https" : "http",
          protocol: secure ? "HTTPS" : "HTTP",
          port,
          ...(secure
            ? {
                tls: {
                  mode: "Terminate",
                  certificateRefs: [{ group: "", kind: "Secret", name: certificate }],
                },
              }
            : {}),
          allowedRoutes: {
            namespaces: { from: "Selector", selector: { matchLabels: { [GATEWAY_ACCESS]: environment } } },
          },
        },
      ],
    },
  };
}

/** The address of a host name for users. */
export function publicUrl(hostname: string, { certificate, publicPort }: GatewayConfig): string {
  const scheme = certificate === undefined ? "http" : "https";
  return `${scheme}://${hostname}${publicPort === undefined ? "" : `:${publicPort}`}`;
}

/** Rules between the preset and the stack file. */
export const gatewayRules: readonly Rule[] = [
  ({ config: { gateway } }) => {
    if (gateway === undefined || gateway.dataPlaneAddresses || !PRESETS[gateway.preset].outsidePods)
      return [];
    return [
      {
        path: ["slipway:gateway", "dataPlaneAddresses"],
        what: `is missing: traffic of ${gateway.preset} does not come from pods that a network policy can name`,
        remedy: "list the addresses it comes from",
      },
    ];
  },
];
