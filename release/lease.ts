import { labels } from "../infra/lib/labels.ts";
import { type Environment, namespaceOf } from "../infra/lib/names.ts";
import type { KubernetesObject, ObjectRef, PatchOperation } from "./cluster.ts";

/** A Lease of the API group coordination.k8s.io. Times are RFC 3339 with six digits after the second. */
export interface Lease extends KubernetesObject {
  readonly apiVersion: "coordination.k8s.io/v1";
  readonly kind: "Lease";
  readonly spec: {
    /** Undefined: nobody holds it. */
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

/** Who wants the lock, and what for. */
export interface Run {
  /** `ana@laptop 4711`: user, host and pid; never the same for two runs at once. */
  readonly holder: string;
  /** `deploy demo r7`. */
  readonly doing: string;
}

/** What a lease means for somebody who wants it. */
export type Standing =
  | { readonly kind: "free" }
  /** Its holder has not been heard of for longer than the lease lasts. */
  | { readonly kind: "expired"; readonly former: string }
  | { readonly kind: "held"; readonly by: string };

/** How long a lease lasts without a renewal. */
export const LEASE_SECONDS = 15;

/** Clocks of two machines differ; a renewal that is this old by our own clock is over for certain. */
const FORGOTTEN_MS = 60_000;

const NAME = "slipway-release";
const DOING = "slipway.dev/doing";
const STOP_REQUESTED = "slipway.dev/stop-requested";

/** Where the lock of an environment is: in the namespace that every environment has. */
export function leaseRef(environment: Environment): ObjectRef {
  return { kind: "lease.coordination.k8s.io", namespace: namespaceOf("gateway", environment), name: NAME };
}

/** @param unchangedMs how long the one who asks has seen {@link heartbeat} stay the same, by its own clock */
export function standing(
  lease: Lease | undefined,
  holder: string,
  { now, unchangedMs }: { readonly now: Date; readonly unchangedMs: number },
): Standing {
  if (lease?.spec.holderIdentity === undefined || lease.spec.holderIdentity === holder)
    return { kind: "free" };
  const { renewTime, leaseDurationSeconds = LEASE_SECONDS } = lease.spec;
  const silence = renewTime === undefined ? 0 : now.getTime() - Date.parse(renewTime);
  if (unchangedMs >= leaseDurationSeconds * 1_000 || silence >= FORGOTTEN_MS) {
    return { kind: "expired", former: `${describe(lease)}, last heard of at ${toSecond(renewTime)}` };
  }
  return { kind: "held", by: describe(lease) };
}

/** Changes with each sign of life of the holder, and with nothing else. */
export function heartbeat({ spec }: Lease): string {
  return [spec.holderIdentity, spec.acquireTime, spec.renewTime].join(" ");
}

/** The lease as its new holder writes it: over what it found, so that only one of two can. */
export function taken(
  environment: Environment,
  found: Lease | undefined,
  run: Run,
  now: Date,
  seconds: number = LEASE_SECONDS,
): Lease {
  const { namespace, name } = leaseRef(environment);
  const { [STOP_REQUESTED]: _, ...annotations } = found?.metadata.annotations ?? {};
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      ...found?.metadata,
      name,
      namespace,
      labels: labels({ name, component: "release", partOf: "slipway", environment }),
      annotations: { ...annotations, [DOING]: run.doing },
    },
    spec: {
      holderIdentity: run.holder,
      leaseDurationSeconds: seconds,
      acquireTime: microTime(now),
      renewTime: microTime(now),
      leaseTransitions: (found?.spec.leaseTransitions ?? -1) + 1,
    },
  };
}

/** Whether a lease is still the one that was taken: nobody else's, and not taken again since. */
export function isSame(found: Lease | undefined, mine: Lease): boolean {
  const { holderIdentity, acquireTime } = mine.spec;
  return found?.spec.holderIdentity === holderIdentity && found?.spec.acquireTime === acquireTime;
}

/** The holder's sign of life. */
export function renewed(lease: Lease, now: Date): Lease {
  return { ...lease, spec: { ...lease.spec, renewTime: microTime(now) } };
}

/** The lease given back: free, or in the hands of the one that asked for it, who need not hurry against others. */
export function released(lease: Lease, now: Date): Lease {
  const { [STOP_REQUESTED]: asker, [DOING]: _, ...annotations } = lease.metadata.annotations ?? {};
  const { leaseTransitions = 0, leaseDurationSeconds = LEASE_SECONDS } = lease.spec;
  const metadata = (added: Record<string, string>) => ({
    ...lease.metadata,
    annotations: { ...annotations, ...added },
  });
  if (asker === undefined) return { ...lease, metadata: metadata({}), spec: { leaseTransitions } };
  return {
    ...lease,
    metadata: metadata({ [DOING]: "is next" }),
    spec: {
      holderIdentity: asker,
      leaseDurationSeconds,
      acquireTime: microTime(now),
      renewTime: microTime(now),
      leaseTransitions: leaseTransitions + 1,
    },
  };
}

/** Who has asked the holder to stop. */
export function stopRequestedBy(lease: Lease): string | undefined {
  return lease.metadata.annotations?.[STOP_REQUESTED];
}

/** Asks the holder of a lease, and nobody who may have come after it, to stop. */
export function stopRequest(holder: string, by: string): PatchOperation[] {
  return [
    { op: "test", path: "/spec/holderIdentity", value: holder },
    { op: "add", path: `/metadata/annotations/${STOP_REQUESTED.replaceAll("/", "~1")}`, value: by },
  ];
}

/** What its holder does with it: `deploy demo r7`. */
export function doingOf({ metadata }: Lease): string | undefined {
  return metadata.annotations?.[DOING];
}

/** `ana@laptop 4711 (deploy demo r7, since 2026-11-21T14:32:05Z)` */
export function describe(lease: Lease): string {
  const { spec } = lease;
  const doing = doingOf(lease);
  const facts = [...(doing === undefined ? [] : [doing]), `since ${toSecond(spec.acquireTime)}`];
  return `${spec.holderIdentity} (${facts.join(", ")})`;
}

function toSecond(time: string | undefined): string {
  return time === undefined ? "an unknown time" : time.replace(/\.\d+/, "");
}

/** The one form of a MicroTime that the API server reads. */
function microTime(now: Date): string {
  return now.toISOString().replace("Z", "000Z");
}
