/** The environments that a stack can be; e2e is a second stack in the sandbox's cluster, made by tests. */
export const ENVIRONMENTS = ["production", "staging", "sandbox", "e2e"] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

/** The two slots of every service. */
export const SLOTS = ["blue", "green"] as const;
export type SlotName = (typeof SLOTS)[number];

/** The slot that is not `slot`. */
export function otherSlot(slot: SlotName): SlotName {
  return slot === "blue" ? "green" : "blue";
}

/** Areas that have a namespace of their own beside those of the systems. */
export const SHARED_AREAS = ["gateway", "monitoring"] as const;

/** Namespace of a system (`paws360`) or shared area (`monitoring`): `paws360-production`. */
export function namespaceOf(owner: string, environment: Environment): string {
  return `${owner}-${environment}`;
}

/** A name that Kubernetes takes everywhere (RFC 1123 label); short enough for the suffixes we add. */
export const DNS_LABEL = /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/;

/** A host name, without a wildcard. */
export const HOSTNAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/;

/** Live objects of production are protected: `pulumi up` refuses to delete or replace them. */
export function protectsLive(environment: Environment): boolean {
  return environment === "production";
}
