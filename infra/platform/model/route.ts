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

/** API version and kind of a route. */
export const HTTP_ROUTE = { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute" } as const;

/**
 * An HTTPRoute's spec that sends everything under some host names to a list of Services. Holds every field that the API
 * server would fill in, so that a change of weights is a change of numbers and nothing else.
 */
export function routeSpec(
  { name, namespace }: GatewayRef,
  hostnames: readonly string[],
  backends: readonly Backend[],
) {
  return {
    parentRefs: [{ group: "gateway.networking.k8s.io", kind: "Gateway", namespace, name }],
    hostnames,
    rules: [
      {
        matches: [{ path: { type: "PathPrefix", value: "/" } }],
        backendRefs: backends.map((backend) => ({ group: "", kind: "Service", ...backend })),
      },
    ],
  };
}
