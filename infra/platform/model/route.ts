/** A Gateway that routes attach to. */
export interface GatewayRef {
  readonly name: string;
  readonly namespace: string;
}

/** A Service that a route sends traffic to, and its share. */
export interface Backend {
  readonly name: string;
  readonly port: number;
  readonly weight: number;
}

/** Requests with this header go elsewhere. */
export interface HeaderRule {
  readonly header: string;
  readonly value: string;
  readonly backends: readonly Backend[];
}

/** API version and kind of a route. */
export const HTTP_ROUTE = { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute" } as const;

/** Matches every request; a rule that asks for a header as well is more specific and wins, wherever it stands. */
const EVERYTHING = { path: { type: "PathPrefix", value: "/" } };

/**
 * An HTTPRoute's spec that sends everything under some host names to a list of Services. Holds every field that the API
 * server would fill in, so that a change of weights is a change of numbers and nothing else.
 * @param exceptions rules for single requests, after the one for all others
 */
export function routeSpec(
  { name, namespace }: GatewayRef,
  hostnames: readonly string[],
  backends: readonly Backend[],
  exceptions: readonly HeaderRule[] = [],
) {
  return {
    parentRefs: [{ group: "gateway.networking.k8s.io", kind: "Gateway", namespace, name }],
    hostnames,
    rules: [
      { matches: [EVERYTHING], backendRefs: backendRefs(backends) },
      ...exceptions.map(({ header, value, backends }) => ({
        matches: [{ ...EVERYTHING, headers: [{ type: "Exact", name: header, value }] }],
        backendRefs: backendRefs(backends),
      })),
    ],
  };
}

function backendRefs(backends: readonly Backend[]) {
  return backends.map((backend) => ({ group: "", kind: "Service", ...backend }));
}
