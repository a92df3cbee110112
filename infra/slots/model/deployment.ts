import { type Duration, toSeconds } from "../../lib/duration.ts";
import { containerSecurity, podSecurity } from "../../lib/hardening.ts";
import { slotSelector } from "../../lib/labels.ts";
import { formatResources } from "../../lib/quantity.ts";
import type { ResolvedService } from "../../services/resolve.ts";
import { identity, SKIP_AWAIT, slotName, TAKE_BACK } from "./manifests.ts";
import type { SlotState } from "./plan.ts";

/** Names that are known only when the objects are made. */
export interface Made<Text> {
  readonly configMap: Text;
  /** Undefined: the service has no secrets. */
  readonly secret: Text | undefined;
}

/** A variable of a container. */
export interface Variable {
  readonly name: string;
  readonly value: string;
}

/** A slot's Deployment. */
export function deployment<Text>(service: ResolvedService, state: SlotState, made: Made<Text>) {
  const selector = slotSelector(service.name, state.slot);
  // They change with each release.
  const labels = { ...identity(service, state.slot, state.release), ...selector };
  return {
    metadata: {
      name: slotName(service.name, state.slot),
      labels,
      // The engine awaits a Deployment that failed before on every later run: a withdrawn one must not hold up the rest.
      annotations: { ...TAKE_BACK, ...(state.role === "withdrawn" ? SKIP_AWAIT : {}) },
    },
    spec: {
      // An autoscaler and a number here would take turns.
      replicas: state.scale === undefined ? state.replicas : undefined,
      revisionHistoryLimit: 2,
      minReadySeconds: toSeconds(service.probes.settle),
      progressDeadlineSeconds: progressDeadline(service),
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      selector: { matchLabels: selector },
      template: {
        metadata: { labels },
        spec: {
          ...pod(service, made),
          terminationGracePeriodSeconds: toSeconds(service.shutdown.grace),
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: "kubernetes.io/hostname",
              whenUnsatisfiable: "ScheduleAnyway",
              labelSelector: { matchLabels: selector },
            },
          ],
          containers: [{ ...container(service, state, made), ...serving(service) }],
        },
      },
    },
  };
}

/**
 * What the engine leaves as it is in a slot's Deployment. Giving up the number of pods of a Deployment that had a fixed
 * one would take all but one of them away, so a release that was made with one keeps it; the next one is born without.
 */
export function leftToTheCluster({ role, scale }: SlotState): string[] {
  return scale === undefined || role === "candidate" ? [] : ["spec.replicas"];
}

/** Where secrets are that come as files. */
const SECRETS_FOLDER = "/run/secrets";

/** What every pod with a service's image has: its account, no rights, its secret files, and places to write to. */
export function pod<Text>(service: ResolvedService, made: Made<Text>) {
  return {
    serviceAccountName: service.name,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurity(service.user),
    volumes: unlessEmpty([
      ...service.scratch.map((path) => ({ name: volumeName(path), emptyDir: {} })),
      ...secretFiles(service, made).map((secretName) => ({
        name: SECRETS_VOLUME,
        secret: { secretName, defaultMode: 0o440 },
      })),
    ]),
  };
}

/** A container with a service's image and all its variables. */
export function container<Text>(
  service: ResolvedService,
  { slot, release, image }: SlotState,
  made: Made<Text>,
) {
  const env: Variable[] = [
    { name: "SLOT", value: slot },
    { name: "RELEASE", value: release ?? "none" },
  ];
  return {
    name: service.name,
    image,
    imagePullPolicy: "IfNotPresent",
    env,
    envFrom: [
      { configMapRef: { name: made.configMap } },
      ...(made.secret === undefined || service.secretsAs === "files"
        ? []
        : [{ secretRef: { name: made.secret } }]),
    ],
    resources: formatResources(service.resources),
    securityContext: containerSecurity(),
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: unlessEmpty([
      ...service.scratch.map((path) => ({ name: volumeName(path), mountPath: path })),
      ...secretFiles(service, made).map(() => ({
        name: SECRETS_VOLUME,
        mountPath: SECRETS_FOLDER,
        readOnly: true,
      })),
    ]),
  };
}

/** What a container has that answers requests: its port, probes, and time to leave. */
function serving({ port, probes, shutdown }: ResolvedService) {
  const probe = (path: string) => ({ httpGet: { path, port: "http" } });
  const interval = toSeconds(probes.interval);
  return {
    ports: [{ name: "http", containerPort: port, protocol: "TCP" }],
    startupProbe: {
      ...probe(probes.liveness),
      periodSeconds: 1,
      failureThreshold: toSeconds(probes.startup),
    },
    readinessProbe: { ...probe(probes.readiness), periodSeconds: interval, timeoutSeconds: interval },
    livenessProbe: { ...probe(probes.liveness), periodSeconds: 3 * interval, timeoutSeconds: interval },
    lifecycle: { preStop: { sleep: { seconds: toSeconds(shutdown.preStop) } } },
  };
}

const SECRETS_VOLUME = "service-secrets";

/** The Secret whose content is mounted, if any. */
function secretFiles<Text>({ secretsAs }: ResolvedService, { secret }: Made<Text>): Text[] {
  return secret === undefined || secretsAs === "variables" ? [] : [secret];
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
  const pods = service.autoscale?.max ?? service.replicas;
  return { milliseconds: progressDeadline(service) * (pods + 1) * 1_000 };
}
