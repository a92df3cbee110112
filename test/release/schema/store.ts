import type { Release } from "../../../infra/config/schema/releases.ts";
import type { SlotName } from "../../../infra/lib/names.ts";
import { catalogue } from "../../../infra/services/catalogue.ts";
import type { ResolvedService } from "../../../infra/services/resolve.ts";
import type { KubernetesObject } from "../../../release/cluster.ts";

const r1 = { release: "r1", image: "acme/demo:r1", schema: { min: 1, max: 2 } };
const r2 = { release: "r2", image: "acme/demo:r2", schema: { min: 2, max: 3 } };

/** The states of a service with a database that tests start from: r1 before, r2 after. */
export const STATES = {
  canary: { phase: "canary", active: "blue", weight: 0, gate: 5, blue: r1, green: r2 },
  promoted: { phase: "steady", active: "green", blue: r1, green: r2 },
  back: { phase: "rollback", active: "blue", blue: r1, green: r2 },
} as const satisfies Readonly<Record<string, Release>>;

/** The catalogue's service with a database, as a stack runs it. */
export const api = storeApi(STATES.promoted);

export function storeApi(release: Release): ResolvedService {
  const service = catalogue.get("store-api");
  if (service === undefined) throw new Error("the catalogue has no store-api");
  return { ...service, environment: "e2e", namespace: "store-e2e", hostnames: [], egress: [], release };
}

/** A pod of a slot. */
export function podOf(
  slot: SlotName,
  name: string,
  { ready = true, leaving = false } = {},
): KubernetesObject {
  const object = {
    kind: "Pod",
    metadata: {
      name,
      namespace: "store-e2e",
      labels: { app: "store-api", slot },
      ...(leaving ? { deletionTimestamp: "2026-11-21T12:00:00Z" } : {}),
    },
    status: { containerStatuses: [{ name: "store-api", ready, restartCount: 0 }] },
  };
  return object;
}
