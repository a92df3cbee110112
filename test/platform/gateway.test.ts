import { describe, expect, test } from "vitest";
import { GATEWAY_PRESETS, type GatewayConfig } from "../../infra/config/schema/gateway.ts";
import {
  gatewayObject,
  isDataPlaneHere,
  planGateway,
  publicUrl,
} from "../../infra/platform/model/gateway.ts";

const traefik: GatewayConfig = { preset: "traefik", listenerPort: 8000 };
const istio: GatewayConfig = { preset: "istio", listenerPort: 443, certificate: "shop" };

function plan(gateway: GatewayConfig) {
  return planGateway({ environment: "staging", gateway });
}

describe("a preset", () => {
  test("says what the stack file leaves open", () => {
    expect(plan(traefik)).toMatchObject({
      className: "traefik",
      namespace: "gateway-staging",
      dataPlane: { namespace: "traefik" },
      metrics: { kind: "service", address: "traefik.traefik.svc:9100", port: 9100, path: "/metrics" },
    });
  });

  test("gives way to the stack file", () => {
    const own = {
      className: "edge",
      dataPlaneNamespace: "edge-system",
      metrics: { service: "edge", port: 80, path: "/m" },
    };
    expect(plan({ ...traefik, ...own })).toMatchObject({
      className: "edge",
      dataPlane: { namespace: "edge-system" },
      metrics: { address: "edge.edge-system.svc:80", path: "/m" },
    });
  });

  test("may start its pods beside the Gateway", () => {
    expect(isDataPlaneHere(plan(istio))).toBe(true);
    expect(isDataPlaneHere(plan(traefik))).toBe(false);
    expect(plan(istio).metrics).toEqual({
      kind: "pods",
      gateway: "slipway",
      port: 15020,
      path: "/stats/prometheus",
    });
  });

  test("may have no pods at all: then traffic is known by its addresses", () => {
    const gke: GatewayConfig = { preset: "gke", listenerPort: 443, dataPlaneAddresses: ["198.51.100.0/24"] };
    expect(plan(gke).dataPlane).toEqual({ addresses: ["198.51.100.0/24"] });
    expect(isDataPlaneHere(plan(gke))).toBe(false);
  });

  test.each(GATEWAY_PRESETS)("%s names a GatewayClass", (preset) => {
    expect(plan({ preset, listenerPort: 80 }).className).toMatch(/^[a-z0-9-]+$/);
  });
});

describe("the Gateway object", () => {
  test("lets only namespaces of its own environment attach routes", () => {
    expect(gatewayObject(plan(traefik), "staging").spec).toEqual({
      gatewayClassName: "traefik",
      listeners: [
        {
          name: "http",
          protocol: "HTTP",
          port: 8000,
          allowedRoutes: {
            namespaces: { from: "Selector", selector: { matchLabels: { "slipway.dev/gateway": "staging" } } },
          },
        },
      ],
    });
  });

  test("speaks HTTPS where it has a certificate", () => {
    expect(gatewayObject(plan(istio), "staging").spec.listeners[0]).toMatchObject({
      name: "https",
      protocol: "HTTPS",
      tls: { mode: "Terminate", certificateRefs: [{ group: "", kind: "Secret", name: "shop" }] },
    });
  });
});

test("URLs say scheme and port as users type them", () => {
  expect(publicUrl("a.b", traefik)).toBe("http://a.b");
  expect(publicUrl("a.b", { ...traefik, publicPort: 8080 })).toBe("http://a.b:8080");
  expect(publicUrl("a.b", istio)).toBe("https://a.b");
});
