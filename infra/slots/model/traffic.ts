import { z } from "zod";
import { SLOTS, type SlotName } from "../../lib/names.ts";
import { HTTP_ROUTE } from "../../platform/model/route.ts";
import type { ResolvedService } from "../../services/resolve.ts";
import { heavier } from "./live.ts";
import { slotName } from "./manifests.ts";

/** Shares of the traffic in per cent. */
export type Weights = Readonly<Record<SlotName, number>>;

/** An operation of JSON Patch (RFC 6902); a `test` that does not hold makes the whole patch fail. */
export interface PatchOperation {
  readonly op: "test" | "replace";
  readonly path: string;
  readonly value: string | number;
}

/** One PATCH that moves the traffic of a service. */
export interface TrafficPatch {
  readonly object: { readonly kind: string; readonly namespace: string; readonly name: string };
  /** The same object as a manifest begins. */
  readonly head: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly namespace: string; readonly name: string };
  };
  readonly operations: readonly PatchOperation[];
}

/** What the patch needs of a service. */
export type Target = Pick<ResolvedService, "name" | "namespace" | "kind">;

/**
 * The PATCH that gives the slots their shares, and fails where the object does not have the shape that Slipway gives it.
 * A service without a gateway has no shares: all its traffic goes to the slot with the larger one.
 */
export function trafficPatch({ name, namespace, kind }: Target, weights: Weights): TrafficPatch {
  switch (kind) {
    case "http":
      return {
        object: { kind: "httproute.gateway.networking.k8s.io", namespace, name },
        head: { ...HTTP_ROUTE, metadata: { namespace, name } },
        operations: [
          ...SLOTS.map((slot, index) => ({
            op: "test" as const,
            path: `${BACKENDS}/${index}/name`,
            value: slotName(name, slot),
          })),
          ...SLOTS.map((slot, index) => ({
            op: "replace" as const,
            path: `${BACKENDS}/${index}/weight`,
            value: weights[slot],
          })),
        ],
      };
    case "tcp":
      return {
        object: { kind: "service", namespace, name },
        head: { apiVersion: "v1", kind: "Service", metadata: { namespace, name } },
        operations: [
          { op: "test", path: "/spec/selector/app", value: name },
          { op: "replace", path: "/spec/selector/slot", value: heavier(weights) },
        ],
      };
  }
}

const BACKENDS = "/spec/rules/0/backendRefs";

const backend = z.object({ name: z.string(), weight: z.int().min(0) });
const rule = z.object({ backendRefs: z.tuple([backend, backend]) });
const metadata = z.object({ name: z.string() });

const live = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("HTTPRoute"),
    metadata,
    spec: z.object({ rules: z.tuple([rule], z.unknown()) }),
  }),
  z.object({
    kind: z.literal("Service"),
    metadata,
    spec: z.object({ selector: z.object({ app: z.string(), slot: z.enum(SLOTS) }) }),
  }),
]);

/**
 * The shares that a live HTTPRoute or Service gives the slots.
 * @returns undefined when it does not have the shape that Slipway gives it
 */
export function liveWeights(object: unknown): Weights | undefined {
  const { data } = live.safeParse(object);
  if (data === undefined) return undefined;
  const { name } = data.metadata;
  if (data.kind === "Service") {
    const { app, slot } = data.spec.selector;
    return app === name ? { blue: slot === "blue" ? 100 : 0, green: slot === "green" ? 100 : 0 } : undefined;
  }
  const [blue, green] = data.spec.rules[0].backendRefs;
  if (blue.name !== slotName(name, "blue") || green.name !== slotName(name, "green")) return undefined;
  return { blue: blue.weight, green: green.weight };
}
