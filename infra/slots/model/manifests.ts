import { labels, slotSelector } from "../../lib/labels.ts";
import type { SlotName } from "../../lib/names.ts";
import type { ResolvedService } from "../../services/resolve.ts";
import type { SlotState } from "./plan.ts";

/** Port of every slot's Service; the gateway's metrics name it. */
export const SERVICE_PORT = 80;

/** The engine goes on without waiting for the object to settle. */
export const SKIP_AWAIT = { "pulumi.com/skipAwait": "true" };

/** The engine takes fields back that somebody else has set meanwhile, instead of failing. */
export const TAKE_BACK = { "pulumi.com/patchForce": "true" };

/** Name of a slot's Deployment, Service, disruption budget and autoscaler. */
export function slotName(service: string, slot: SlotName): string {
  return `${service}-${slot}`;
}

/** What an object of a service is; with a version only what each release changes anyway. */
export function identity(
  service: ResolvedService,
  slot?: SlotName,
  version?: string,
): Record<string, string> {
  return labels({
    name: service.name,
    component: "service",
    partOf: service.system,
    environment: service.environment,
    slot,
    version,
  });
}

/** Labels of what stays the same over all releases. */
function slotLabels(service: ResolvedService, slot: SlotName): Record<string, string> {
  return { ...identity(service, slot), ...slotSelector(service.name, slot) };
}

/** A slot's plain environment variables. */
export function slotConfigMap(service: ResolvedService, { slot, config }: SlotState) {
  return { immutable: true, metadata: { labels: slotLabels(service, slot) }, data: config };
}

/** A slot's secret environment variables. */
export function slotSecret<Text>(
  service: ResolvedService,
  slot: SlotName,
  secrets: Readonly<Record<string, Text>>,
) {
  return { immutable: true, metadata: { labels: slotLabels(service, slot) }, stringData: secrets };
}

/** A slot's Service. Its selector never changes; nothing waits for it, since it exists with or without pods. */
export function slotService(service: ResolvedService, slot: SlotName) {
  return {
    metadata: {
      name: slotName(service.name, slot),
      labels: slotLabels(service, slot),
      annotations: SKIP_AWAIT,
    },
    spec: {
      type: "ClusterIP",
      selector: slotSelector(service.name, slot),
      ports: [{ name: "http", port: SERVICE_PORT, targetPort: "http", protocol: "TCP" }],
    },
  };
}

/** A slot's disruption budget; pods that do not work anyway never hold up a drain. */
export function disruptionBudget(service: ResolvedService, slot: SlotName) {
  return {
    metadata: { name: slotName(service.name, slot), labels: slotLabels(service, slot) },
    spec: {
      maxUnavailable: service.disruption.maxUnavailable,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
      selector: { matchLabels: slotSelector(service.name, slot) },
    },
  };
}

/** A slot's autoscaler; undefined where the number of pods is fixed, and in an empty slot. */
export function autoscaler(service: ResolvedService, { slot, scale }: SlotState) {
  if (scale === undefined) return undefined;
  const name = slotName(service.name, slot);
  return {
    metadata: { name, labels: slotLabels(service, slot) },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
      minReplicas: scale.min,
      maxReplicas: scale.max,
      metrics: [
        {
          type: "Resource",
          resource: {
            name: "cpu",
            target: { type: "Utilization", averageUtilization: Math.round(scale.cpu) },
          },
        },
      ],
      behavior: scale.scaleDown ? undefined : { scaleDown: { selectPolicy: "Disabled" } },
    },
  };
}
