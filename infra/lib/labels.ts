import type { Environment, SlotName } from "./names.ts";

/** What an object is, for its labels. */
export interface Identity {
  /** The application: `paws360-backend`, `prometheus`. */
  readonly name: string;
  /** Its part in the system: `service`, `database`, `monitoring`. */
  readonly component: string;
  /** The system it belongs to: `paws360`. */
  readonly partOf: string;
  readonly environment: Environment;
  readonly slot?: SlotName;
  /** Only on Deployments and pods: a release must not change anything else. */
  readonly version?: string;
}

/** The recommended `app.kubernetes.io/*` labels and our own `slipway.dev/*`. */
export function labels({
  name,
  component,
  partOf,
  environment,
  slot,
  version,
}: Identity): Record<string, string> {
  return {
    "app.kubernetes.io/name": name,
    "app.kubernetes.io/instance": `${name}-${environment}`,
    ...(version === undefined ? {} : { "app.kubernetes.io/version": version }),
    "app.kubernetes.io/component": component,
    "app.kubernetes.io/part-of": partOf,
    "app.kubernetes.io/managed-by": "slipway",
    "slipway.dev/environment": environment,
    ...(slot === undefined ? {} : { "slipway.dev/slot": slot }),
  };
}

/** Selects the pods of an application, in both slots. */
export function appSelector(app: string): { readonly app: string } {
  return { app };
}

/** Selects the pods of one slot. Never changes in a service's life: a changed selector replaces the Deployment. */
export function slotSelector(app: string, slot: SlotName): { readonly app: string; readonly slot: SlotName } {
  return { app, slot };
}

/** The label Kubernetes itself puts on every namespace: its name. */
export const NAMESPACE_NAME = "kubernetes.io/metadata.name";

/** Namespaces with this label, set to the environment, may attach routes to the environment's gateway. */
export const GATEWAY_ACCESS = "slipway.dev/gateway";
