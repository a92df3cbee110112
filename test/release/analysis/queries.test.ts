import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { GatewayPreset } from "../../../infra/config/schema/gateway.ts";
import {
  checkQuery,
  counterOf,
  type Figure,
  joined,
  slotQueries,
} from "../../../release/analysis/queries.ts";
import { serviceIn } from "../../support/config.ts";
import { evaluate, type History, promtool, type Values } from "./promtool.ts";

const demo = serviceIn("sandbox", "demo");
const backend = serviceIn("production", "paws360-backend");

const UP: History = { 'up{job="gateway",instance="traefik"}': "1x12" };

function traefik(slot: string, code: number, values: string): History {
  const service = `demo-sandbox-demo-${slot}-http-80@kubernetesgateway`;
  return { [`traefik_service_requests_total{service="${service}",code="${code}",method="GET"}`]: values };
}

/** Asks for a figure of the demo service at the 60th second, over the 30 seconds before. */
function ask(figure: Figure, history: History, expected: Values, gateway: GatewayPreset = "traefik") {
  return evaluate(history, slotQueries({ service: demo, gateway }, 30)[figure], 60, expected);
}

test("the gateway counts, unless it cannot tell slots apart or is not on the way", () => {
  expect(counterOf({ service: demo, gateway: "traefik" })).toBe("gateway");
  expect(counterOf({ service: demo, gateway: "envoy-gateway" })).toBe("service");
  expect(counterOf({ service: { ...demo, kind: "tcp" }, gateway: "traefik" })).toBe("service");
});

test("a check's query is about the candidate", () => {
  const query =
    'sum(increase(orders{app="$service",slot="$slot",ns="$namespace",env="$environment"}[$window]))';
  expect(checkQuery({ query }, backend, "green", 300)).toBe(
    'sum(increase(orders{app="paws360-backend",slot="green",ns="paws360-production",env="production"}[300s]))',
  );
});

describe.skipIf(!existsSync(promtool))("Prometheus (promtool, installed by npm start)", () => {
  describe("counts", () => {
    test("exactly what was added within the time, per slot", async () => {
      const history = { ...UP, ...traefik("blue", 200, "1000+19x12"), ...traefik("green", 200, "500+1x12") };
      expect(await ask("requests", history, { '{slot="blue"}': 114, '{slot="green"}': 6 })).toBe("");
    });

    test("all codes as requests and 5xx as errors", async () => {
      const history = {
        ...UP,
        ...traefik("green", 200, "0+10x12"),
        ...traefik("green", 404, "0+2x12"),
        ...traefik("green", 503, "0+1x12"),
      };
      expect(await ask("requests", history, { '{slot="green"}': 78 })).toBe("");
      expect(await ask("errors", history, { '{slot="green"}': 6 })).toBe("");
    });

    test("no errors where there is no series of them", async () => {
      expect(await ask("errors", { ...UP, ...traefik("green", 200, "0+10x12") }, {})).toBe("");
    });

    test("a series that appeared within the time in full: its first failure is not lost", async () => {
      const history = { ...UP, ...traefik("green", 500, "_x9 7 7 9") };
      expect(await ask("errors", history, { '{slot="green"}': 9 })).toBe("");
    });

    test("nothing of what was there before Prometheus itself was", async () => {
      const late = { 'up{job="gateway",instance="traefik"}': "_x8 1x4" };
      const history = { ...late, ...traefik("green", 500, "_x8 1000 1000 1003 1003 1004") };
      expect(await ask("errors", history, { '{slot="green"}': 4 })).toBe("");
    });

    test("on after a scrape failed just when the time began", async () => {
      const history = { ...UP, ...traefik("green", 200, "1000x5 stale 1000x3 1010x3") };
      expect(await ask("requests", history, { '{slot="green"}': 10 })).toBe("");
    });

    test("from zero after a restart", async () => {
      const history = { ...UP, ...traefik("green", 200, "100+10x7 0 10 20 30 40") };
      expect(await ask("requests", history, { '{slot="green"}': 40 })).toBe("");
    });

    test("from zero after a restart that no sample in the time shows", async () => {
      const history = { ...UP, ...traefik("green", 200, "100+10x6 4 8 12 16 20 24") };
      expect(await ask("requests", history, { '{slot="green"}': 24 })).toBe("");
    });

    test("from zero after a restart although the counter is higher than before by now", async () => {
      const history = { ...UP, ...traefik("green", 200, "10x6 400 0 200 300 400 500") };
      expect(await ask("requests", history, { '{slot="green"}': 500 })).toBe("");
    });

    test("nothing any more of a slot that is no longer scraped", async () => {
      const history = { ...UP, ...traefik("green", 200, "0+10x9 stale"), ...traefik("blue", 200, "0+10x12") };
      expect(await ask("requests", history, { '{slot="blue"}': 60 })).toBe("");
    });

    test("a pod that went within the time as long as another is there", async () => {
      const pod = (name: string) =>
        `http_requests_total{service="demo",environment="sandbox",slot="green",pod="${name}",route="/",code="200"}`;
      const history = { ...UP, [pod("a")]: "0+10x9 stale", [pod("b")]: "0+10x12" };
      expect(await ask("requests", history, { '{slot="green"}': 90 }, "gke")).toBe("");
    });
  });

  describe("knows a slot's Service by the labels of", () => {
    test.each<[string, GatewayPreset, History, Values]>([
      [
        "traefik 3.6, and no other's",
        "traefik",
        {
          ...traefik("green", 200, "0+10x12"),
          ...traefik("green-blue", 200, "0+10x12"),
          'traefik_service_requests_total{service="demo-sandbox-demo-green-http-81@kubernetesgateway",code="200"}':
            "0+10x12",
          'traefik_service_requests_total{service="demo-sandbox-old-demo-green-http-80@kubernetesgateway",code="200"}':
            "0+10x12",
        },
        { '{slot="green"}': 60 },
      ],
      [
        "traefik 3.7",
        "traefik",
        {
          'traefik_service_requests_total{service="httproute-demo-sandbox-demo-gw-gateway-sandbox-slipway-ep-web-0-a1b2c3-svc-demo-sandbox-demo-blue-0@kubernetesgateway",code="200"}':
            "0+10x12",
          'traefik_service_requests_total{service="httproute-demo-sandbox-demo-gw-gateway-sandbox-slipway-ep-web-0-a1b2c3-svc-demo-sandbox-demo-green-1@kubernetesgateway",code="200"}':
            "0+1x12",
        },
        { '{slot="blue"}': 60, '{slot="green"}': 6 },
      ],
      [
        "istio, as the gateway and not the sidecar reports it",
        "istio",
        {
          'istio_requests_total{reporter="source",response_code="200",destination_service_name="demo-green",destination_service_namespace="demo-sandbox"}':
            "0+10x12",
          'istio_requests_total{reporter="destination",response_code="200",destination_service_name="demo-green",destination_service_namespace="demo-sandbox"}':
            "0+10x12",
          'istio_requests_total{reporter="source",response_code="200",destination_service_name="demo-green",destination_service_namespace="demo-e2e"}':
            "0+10x12",
        },
        { '{slot="green"}': 60 },
      ],
      [
        "kgateway",
        "kgateway",
        {
          'envoy_cluster_upstream_rq_xx{envoy_response_code_class="2",envoy_cluster_name="kube_demo-sandbox_demo-green_80"}':
            "0+10x12",
          'envoy_cluster_upstream_rq_xx{envoy_response_code_class="5",envoy_cluster_name="kube_demo-sandbox_demo-green_80"}':
            "0+1x12",
          'envoy_cluster_upstream_rq_xx{envoy_response_code_class="2",envoy_cluster_name="kube_demo-e2e_demo-green_80"}':
            "0+10x12",
        },
        { '{slot="green"}': 66 },
      ],
    ])("%s", async (_, gateway, history, expected) => {
      expect(await ask("requests", { ...UP, ...history }, expected, gateway)).toBe("");
    });

    test("kgateway's classes of codes", async () => {
      const history = {
        'envoy_cluster_upstream_rq_xx{envoy_response_code_class="2",envoy_cluster_name="kube_demo-sandbox_demo-green_80"}':
          "0+10x12",
        'envoy_cluster_upstream_rq_xx{envoy_response_code_class="5",envoy_cluster_name="kube_demo-sandbox_demo-green_80"}':
          "0+1x12",
      };
      expect(await ask("errors", { ...UP, ...history }, { '{slot="green"}': 6 }, "kgateway")).toBe("");
    });
  });

  test("a service that counts for itself leaves out probes and scrapes", async () => {
    const series = (slot: string, route: string, environment = "sandbox") =>
      `http_requests_total{service="demo",environment="${environment}",slot="${slot}",route="${route}",code="200"}`;
    const history = {
      ...UP,
      [series("green", "/")]: "0+10x12",
      [series("green", "/health")]: "0+3x12",
      [series("green", "/metrics")]: "0+3x12",
      [series("green", "/", "e2e")]: "0+10x12",
      [series("blue", "/livez")]: "0+3x12",
    };
    expect(await ask("requests", history, { '{slot="green"}': 60 }, "envoy-gateway")).toBe("");
  });

  describe("p95", () => {
    const service = 'service="demo-sandbox-demo-green-http-80@kubernetesgateway"';

    test("is in seconds, of all requests of the time", async () => {
      const bucket = (le: string, code: number) =>
        `traefik_service_request_duration_seconds_bucket{${service},code="${code}",le="${le}"}`;
      const history = {
        ...UP,
        [bucket("0.1", 200)]: "900+6x12",
        [bucket("0.2", 200)]: "900+10x12",
        [bucket("+Inf", 200)]: "900+10x12",
        [bucket("0.1", 500)]: "_x10 0 0",
        [bucket("0.2", 500)]: "_x10 40 40",
        [bucket("+Inf", 500)]: "_x10 40 40",
      };
      // 36 of 100 below 0.1 s, all below 0.2 s: the 95th lies 59 64ths of the way up.
      expect(await ask("p95", history, { '{slot="green"}': 0.1 + (0.1 * 59) / 64 })).toBe("");
    });

    test("is in seconds where the gateway measures milliseconds", async () => {
      const bucket = (le: string) =>
        `istio_request_duration_milliseconds_bucket{reporter="source",destination_service_name="demo-green",destination_service_namespace="demo-sandbox",le="${le}"}`;
      const history = {
        ...UP,
        [bucket("100")]: "0+0x12",
        [bucket("200")]: "0+10x12",
        [bucket("+Inf")]: "0+10x12",
      };
      expect(await ask("p95", history, { '{slot="green"}': 0.195 }, "istio")).toBe("");
    });

    test("is not known without buckets", async () => {
      expect(await ask("p95", { ...UP, ...traefik("green", 200, "0+10x12") }, {})).toBe("");
    });
  });

  test("restarts are those of the slot's own pods, also of one that is new or gone", async () => {
    const pod = (name: string, namespace = "demo-sandbox") =>
      `kube_pod_container_status_restarts_total{namespace="${namespace}",pod="${name}",container="demo"}`;
    const history = {
      ...UP,
      [pod("demo-green-6b9f7c5d4-x2x4k")]: "3x8 4x4",
      [pod("demo-green-6b9f7c5d4-new00")]: "_x8 2x4",
      [pod("demo-green-6b9f7c5d4-gone0")]: "0x7 1 1 stale",
      [pod("demo-blue-57f8d9c6b-abcde")]: "5x12",
      [pod("demo-green-blue-57f8d9c6b-abcde")]: "0+1x12",
      [pod("other-demo-green-57f8d9c6b-abcde")]: "0+1x12",
      [pod("demo-green-6b9f7c5d4-x2x4k", "demo-e2e")]: "0+1x12",
    };
    expect(await ask("restarts", history, { '{slot="green"}': 4, '{slot="blue"}': 0 })).toBe("");
  });

  test("answers all figures and a check with a comment at once", async () => {
    const history = {
      ...UP,
      ...traefik("green", 200, "0+10x12"),
      ...traefik("green", 500, "_x9 7 7 9"),
      'orders_total{slot="green"}': "0+1x12",
    };
    const check = { query: 'orders_total{slot="$slot"} # all of them' };
    const queries = {
      ...slotQueries({ service: demo, gateway: "traefik" }, 30),
      "my check": checkQuery(check, demo, "green", 30),
    };
    const expected = {
      '{figure="requests",slot="green"}': 69,
      '{figure="errors",slot="green"}': 9,
      'orders_total{figure="my check",slot="green"}': 12,
    };
    expect(await evaluate(history, joined(queries), 60, expected)).toBe("");
  });
});
