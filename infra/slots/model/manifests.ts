import { type Duration, toSeconds } from "../../lib/duration.ts";
import { containerSecurity, podSecurity } from "../../lib/hardening.ts";
import { labels, slotSelector } from "../../lib/labels.ts";
import type { SlotName } from "../../lib/names.ts";
import { formatResources } from "../../lib/quantity.ts";
import { type GatewayRef, HTTP_ROUTE, routeSpec } from "../../platform/model/route.ts";
import type { ResolvedService } from "../../services/resolve.ts";
import type { SlotPlan, SlotState } from "./plan.ts";

/** Port of every slot's Service; the gateway's metrics name it. */
export const SERVICE_PORT = 80;

/** Name of a slot's Deployment, Service and disruption budget. */
export function slotName(service: string, slot: SlotName): string {
  return `${service}-${slot}`;
}

/** Names that are known only when the objects are made. */
export interface Made<Text> {
  readonly configMap: Text;
  /** Undefined: the service has no secrets. */
  readonly secret: Text | undefined;
}

/** Labels of what stays the same over all releases. */
function slotLabels(service: ResolvedService, slot: SlotName): Record<string, string> {
  return { ...identity(service, slot), ...slotSelector(service.name, slot) };
}

function identity(service: ResolvedService, slot?: SlotName, version?: string): Record<string, string> {
  return labels({
    name: service.name,
    component: "service",
    partOf: service.system,
    environment: service.environment,
    slot,
    version,
  });
}

/** Labels of the Deployment and its pods, which change with each release. */
function releaseLabels(service: ResolvedService, { slot, release }: SlotState): Record<string, string> {
  return { ...identity(service, slot, release), ...slotSelector(service.name, slot) };
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

/** A slot's Deployment. */
export function deployment<Text>(service: ResolvedService, state: SlotState, made: Made<Text>) {
  const selector = slotSelector(service.name, state.slot);
  return {
    metadata: {
      name: slotName(service.name, state.slot),
      labels: releaseLabels(service, state),
      // The engine awaits a Deployment that failed before on every later run: a withdrawn one must not hold up the rest.
      annotations: state.role === "withdrawn" ? { "pulumi.com/skipAwait": "true" } : undefined,
    },
    spec: {
      replicas: state.replicas,
      revisionHistoryLimit: 2,
      minReadySeconds: toSeconds(service.probes.settle),
      progressDeadlineSeconds: progressDeadline(service),
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      selector: { matchLabels: selector },
      template: {
        metadata: { labels: releaseLabels(service, state) },
        spec: {
          serviceAccountName: service.name,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: podSecurity(service.user),
          terminationGracePeriodSeconds: toSeconds(service.shutdown.grace),
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: "kubernetes.io/hostname",
              whenUnsatisfiable: "ScheduleAnyway",
              labelSelector: { matchLabels: selector },
            },
          ],
          containers: [container(service, state, made)],
          volumes: unlessEmpty(service.scratch.map((path) => ({ name: volumeName(path), emptyDir: {} }))),
        },
      },
    },
  };
}

function container<Text>(service: ResolvedService, { slot, release, image }: SlotState, made: Made<Text>) {
  const probe = (path: string) => ({ httpGet: { path, port: "http" } });
  const interval = toSeconds(service.probes.interval);
  return {
    name: service.name,
    image,
    imagePullPolicy: "IfNotPresent",
    ports: [{ name: "http", containerPort: service.port, protocol: "TCP" }],
    env: [
      { name: "SLOT", value: slot },
      { name: "RELEASE", value: release ?? "none" },
    ],
    envFrom: [
      { configMapRef: { name: made.configMap } },
      ...(made.secret === undefined ? [] : [{ secretRef: { name: made.secret } }]),
    ],
    resources: formatResources(service.resources),
    securityContext: containerSecurity(),
    startupProbe: {
      ...probe(service.probes.liveness),
      periodSeconds: 1,
      failureThreshold: toSeconds(service.probes.startup),
    },
    readinessProbe: { ...probe(service.probes.readiness), periodSeconds: interval, timeoutSeconds: interval },
    livenessProbe: {
      ...probe(service.probes.liveness),
      periodSeconds: 3 * interval,
      timeoutSeconds: interval,
    },
    lifecycle: { preStop: { sleep: { seconds: toSeconds(service.shutdown.preStop) } } },
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: unlessEmpty(service.scratch.map((path) => ({ name: volumeName(path), mountPath: path }))),
  };
}

function unlessEmpty<T>(list: T[]): T[] | undefined {
  return list.length === 0 ? undefined : list;
}

function volumeName(path: string): string {
  return path
    .slice(1)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-");
}

/** Seconds without progress after which Kubernetes calls a rollout stuck. */
function progressDeadline({ probes, shutdown }: ResolvedService): number {
  return [probes.startup, probes.settle, shutdown.grace]
    .map(toSeconds)
    .reduce((sum, seconds) => sum + seconds, 0);
}

/** How long the engine waits for a rollout: it replaces one pod after the other. */
export function rolloutTimeout(service: ResolvedService): Duration {
  return { milliseconds: progressDeadline(service) * (service.replicas + 1) * 1_000 };
}

/** A slot's Service. Its selector never changes; nothing waits for it, since it exists with or without pods. */
export function slotService(service: ResolvedService, slot: SlotName) {
  return {
    metadata: {
      name: slotName(service.name, slot),
      labels: slotLabels(service, slot),
      annotations: { "pulumi.com/skipAwait": "true" },
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

/** The service's one HTTPRoute. It always names both slots, in one order, whatever their weights. */
export function route(service: ResolvedService, plan: SlotPlan, gateway: GatewayRef) {
  const backends = [plan.blue, plan.green].map(({ slot, weight }) => ({
    name: slotName(service.name, slot),
    port: SERVICE_PORT,
    weight,
  }));
  return {
    ...HTTP_ROUTE,
    metadata: {
      name: service.name,
      labels: { ...identity(service), app: service.name },
      // An emergency rollback patches the weights past the engine; its next run takes the field over again.
      annotations: { "pulumi.com/patchForce": "true" },
    },
    spec: routeSpec(gateway, service.hostnames, backends),
  };
}
