import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { liveFigures, type Measurement, measure } from "../../../release/analysis/measure.ts";
import {
  clusterPrometheus,
  type Prometheus,
  PrometheusUnavailable,
  QueryRefused,
  stackPrometheus,
  urlPrometheus,
} from "../../../release/analysis/prometheus.ts";
import { Cluster } from "../../../release/cluster.ts";
import { serviceIn } from "../../support/config.ts";
import {
  freePort,
  kubectl,
  prometheusBinary,
  type Running,
  serve,
  startPrometheus,
  until,
} from "./servers.ts";

const demo = serviceIn("sandbox", "demo");
const subject = { service: demo, gateway: "traefik", candidate: "green" } as const;

/** A Prometheus that gives one answer to everything. */
async function answering(status: number, body: string): Promise<Running> {
  return serve((_, response) => void response.writeHead(status).end(body));
}

function vector(...results: { metric: Record<string, string>; value: [number, string] }[]): string {
  return JSON.stringify({ status: "success", data: { resultType: "vector", result: results } });
}

describe("an answer by URL", () => {
  test.each<[string, number, string, Error]>([
    ["a web page", 200, "<html>", new PrometheusUnavailable("what answers is not Prometheus")],
    ["some other JSON", 200, '"hello"', new PrometheusUnavailable("what answers is not Prometheus")],
    [
      "a fault",
      400,
      '{"status":"error","error":"parse error: unexpected end"}',
      new QueryRefused("parse error: unexpected end"),
    ],
  ])("may be %s", async (_, status, body, error) => {
    const server = await answering(status, body);
    await expect(urlPrometheus(server.url).query("up")).rejects.toThrow(error);
    await server.stop();
  });

  test("may be another service's refusal: its status is told", async () => {
    const server = await answering(401, "who are you?");
    const asked = urlPrometheus(server.url).query("up");
    await expect(asked).rejects.toThrow(new PrometheusUnavailable(`127.0.0.1:${server.port}: HTTP 401`));
    await server.stop();
  });

  test("may never come: the reason is told, the address's password is not", async () => {
    const port = await freePort();
    const asked = urlPrometheus(`http://127.0.0.1:${port}`).query("up");
    await expect(asked).rejects.toThrow(new PrometheusUnavailable(`127.0.0.1:${port}: ECONNREFUSED`));
    const refused = urlPrometheus(`http://me:hunter2@127.0.0.1:${port}`).query("up");
    await expect(refused).rejects.toThrow(PrometheusUnavailable);
    await expect(refused).rejects.not.toThrow("hunter2");
  });

  test("may hold what is no number: nothing is known there", async () => {
    const server = await answering(
      200,
      vector(
        { metric: { slot: "blue" }, value: [0, "NaN"] },
        { metric: { slot: "green" }, value: [0, "+Inf"] },
        { metric: {}, value: [0, "-1.5e3"] },
      ),
    );
    expect(await urlPrometheus(server.url).query("up")).toEqual([
      { labels: { slot: "green" }, value: Infinity },
      { labels: {}, value: -1_500 },
    ]);
    await server.stop();
  });
});

const gateway = (slot: string) => `service="demo-sandbox-demo-${slot}-http-80@kubernetesgateway"`;
const requests = (slot: string, code: number) =>
  `traefik_service_requests_total{${gateway(slot)},code="${code}"}`;
const bucket = (slot: string, le: string) =>
  `traefik_service_request_duration_seconds_bucket{${gateway(slot)},code="200",le="${le}"}`;
const restarts = (slot: string) =>
  `kube_pod_container_status_restarts_total{namespace="demo-sandbox",pod="demo-${slot}-6b9f7c5d4-x2x4k"}`;

const installed = existsSync(prometheusBinary) && existsSync(kubectl);

describe.skipIf(!installed)("a real Prometheus (installed by npm start)", () => {
  /** What the scraped address shows. */
  const shown = new Map<string, number>([
    [requests("blue", 200), 5_000],
    [requests("green", 200), 1_000],
    [bucket("green", "0.1"), 1_000],
    [bucket("green", "+Inf"), 1_000],
    [restarts("blue"), 3],
    [restarts("green"), 0],
    ["orders", 7],
    ['stock{shelf="a"}', 1],
    ['stock{shelf="b"}', 2],
  ]);
  const folder = mkdtempSync(join(tmpdir(), "slipway-kubeconfig-"));
  const kubeconfig = join(folder, "config");
  let target: Running;
  let real: Running;
  let apiServer: Running;
  let byUrl: Prometheus;
  let byCluster: Prometheus;
  /** Requests to Prometheus through the API server. */
  let asked = 0;

  beforeAll(async () => {
    target = await serve((_, response) => {
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4" });
      response.end([...shown].map(([series, value]) => `${series} ${value}\n`).join(""));
    });
    real = await startPrometheus(`127.0.0.1:${target.port}`);
    apiServer = await serve((request, response) => {
      asked += 1;
      void proxy(request.url ?? "", response);
    });
    writeFileSync(kubeconfig, kubeconfigText(apiServer.url));
    byUrl = urlPrometheus(real.url);
    byCluster = clusterPrometheus(new Cluster({ kubectl, context: "test", kubeconfig }), "sandbox");
  }, 30_000);

  afterAll(async () => {
    await Promise.all([target?.stop(), real?.stop(), apiServer?.stop()]);
    rmSync(folder, { recursive: true });
  });

  /** What the API server does with `services/proxy`, and what it says when there is no pod behind the Service. */
  async function proxy(path: string, response: ServerResponse): Promise<void> {
    const service = "/api/v1/namespaces/monitoring-sandbox/services/prometheus:9090/proxy/";
    if (!path.startsWith(service)) {
      const status = { kind: "Status", apiVersion: "v1", status: "Failure", reason: "ServiceUnavailable" };
      const message = 'no endpoints available for service "prometheus:9090"';
      response.writeHead(503, { "content-type": "application/json" });
      response.end(JSON.stringify({ ...status, message, code: 503 }));
      return;
    }
    const answer = await fetch(`${real.url}/${path.slice(service.length)}`);
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
    response.end(await answer.text());
  }

  test("is measured: what was added since the step began, a new series included", async () => {
    expect(await until(async () => (await byUrl.query(requests("green", 200))).length > 0)).toBe(true);
    const start = Date.now();
    await sleep(1_500);
    for (const [series, value] of [
      [requests("green", 200), 1_090],
      [requests("green", 500), 10],
      [requests("blue", 200), 5_400],
      [bucket("green", "0.1"), 1_090],
      [bucket("green", "+Inf"), 1_090],
      [restarts("green"), 2],
    ] as const) {
      shown.set(series, value);
    }
    let seen: Measurement | undefined;
    await until(async () => {
      const seconds = Math.floor((Date.now() - start) / 1_000);
      seen = await measure(byUrl, subject, seconds);
      return seen.candidate.requests > 0 && seen.active.requests > 0 && seen.candidate.restarts === 2;
    });
    expect(seen).toEqual({
      windowSeconds: expect.any(Number),
      countedBy: "gateway",
      candidate: { slot: "green", requests: 100, errors: 10, p95Seconds: 0.095, restarts: 2 },
      active: { slot: "blue", requests: 400, errors: 0, p95Seconds: undefined, restarts: 0 },
      checks: [],
    });
    const seconds = Math.floor((Date.now() - start) / 1_000);
    const live = await liveFigures(byUrl, subject, seconds);
    expect(live.green.errorRatio).toBe(0.1);
    expect(live.blue.requestsPerSecond).toBe(400 / seconds);
  });

  test("is asked through the API server with one request, and a second one for checks", async () => {
    asked = 0;
    await measure(byCluster, subject, 5);
    expect(asked).toBe(1);
    const checks = [
      { name: "orders", query: "sum(orders) # all", min: 1 },
      { name: "shelves", query: "count(stock)", min: 1 },
      { name: "unknown", query: "sum(nothing)", min: 1 },
    ];
    const measured = await measure(byCluster, { ...subject, service: { ...demo, checks } }, 5);
    expect(asked).toBe(3);
    expect(measured.checks).toEqual([
      { name: "orders", value: 7 },
      { name: "shelves", value: 2 },
      { name: "unknown", value: undefined },
    ]);
  });

  test.each<[string, string, string]>([
    ["sum(", "url", 'demo.checks "bad": is refused by Prometheus: .*parse error'],
    ["sum(", "cluster", 'demo.checks "bad": is refused by Prometheus: it is no PromQL'],
    ["stock", "cluster", 'demo.checks "bad": gives 2 values'],
  ])("names the check that is wrong: %s, by %s", async (query, way, message) => {
    const checks = [
      { name: "good", query: "orders", min: 1 },
      { name: "bad", query, min: 1 },
    ];
    const service = { ...demo, checks };
    const work = measure(way === "url" ? byUrl : byCluster, { ...subject, service }, 5);
    await expect(work).rejects.toThrow(new RegExp(message));
  });

  test("names the signals where those make a wrong query", async () => {
    const service = { ...demo, signals: { ...demo.signals, except: { route: "(" } } };
    const work = measure(byUrl, { ...subject, service, gateway: "gke" }, 5);
    await expect(work).rejects.toThrow(/demo\.signals: Prometheus refuses the query made from it: .*regexp/);
  });

  test("is away when it has no pod, and the API server says so", async () => {
    const elsewhere = clusterPrometheus(new Cluster({ kubectl, context: "test", kubeconfig }), "e2e");
    const work = elsewhere.query("up");
    await expect(work).rejects.toThrow(PrometheusUnavailable);
    await expect(work).rejects.toThrow(/no endpoints available/);
  });

  test("is reached as the stack file says", async () => {
    const cluster = { raw: () => Promise.reject(new Error("not asked")) };
    const at = stackPrometheus({ prometheus: `${real.url}/` }, cluster, "sandbox");
    expect(await at.query("vector(1)")).toEqual([{ labels: {}, value: 1 }]);
    expect(await at.query("2")).toEqual([{ labels: {}, value: 2 }]);
    await expect(stackPrometheus({}, cluster, "sandbox").query("up")).rejects.toThrow("not asked");
  });
});

function kubeconfigText(server: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server } }],
    users: [{ name: "test", user: {} }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
  });
}
