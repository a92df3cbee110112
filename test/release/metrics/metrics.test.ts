import { describe, expect, test } from "vitest";
import { pushMetrics } from "../../../release/metrics.ts";
import type { Outcome, RunRecord, RunStart } from "../../../release/record.ts";
import { deadAddress, receiver } from "../notify/receiver.ts";
import { DEPLOY, GROUP, runOf, succeededRun, takenBackRun, traffic } from "../record/runs.ts";
import { pushgatewayServer } from "./pushgateway-server.ts";

const QUICK = { timeoutMs: 5_000, backOffMs: [1, 1] };
const STARTED = runOf(DEPLOY, []);
const START_SECONDS = Date.parse("2026-11-21T14:30:00Z") / 1_000;

function ended(outcome: Outcome, start: RunStart = DEPLOY): RunRecord {
  return runOf(start, [], [9, { outcome, ...(outcome === "succeeded" ? {} : { cause: "engine" }) }]);
}

describe("a run that starts", () => {
  test("is in progress, with every counter there, so that a first increase is seen", async () => {
    const gateway = await pushgatewayServer();
    expect(await pushMetrics(gateway.url, STARTED, QUICK)).toEqual([
      { channel: "pushgateway demo", ok: true, detail: "pushed" },
    ]);
    expect(gateway.requests.at(-1)).toMatchObject({
      method: "POST",
      path: "/metrics/job/slipway-release/environment/production/service/demo",
    });
    expect(gateway.names("demo")).toEqual([
      "deployment_duration_seconds",
      "deployment_in_progress",
      "deployment_rollbacks_total",
      "deployment_runner",
      "deployment_started_timestamp_seconds",
      "deployments_total",
    ]);
    expect(gateway.value("demo", "deployment_in_progress")).toBe(1);
    expect(gateway.value("demo", "deployment_started_timestamp_seconds")).toBe(START_SECONDS);
    expect(gateway.value("demo", "deployment_runner", { runner: "ann@laptop" })).toBe(1);
    for (const outcome of ["succeeded", "failed", "stopped", "rolled_back"]) {
      expect(gateway.value("demo", "deployments_total", { action: "deploy", outcome })).toBe(0);
    }
    expect(gateway.value("demo", "deployment_rollbacks_total", { reason: "smoke_test" })).toBe(0);
    expect(gateway.value("demo", "deployment_duration_seconds_count", { action: "deploy" })).toBe(0);
  });

  test("leaves standing how the last one ended", async () => {
    const gateway = await pushgatewayServer();
    await pushMetrics(gateway.url, takenBackRun(), QUICK);
    await pushMetrics(gateway.url, STARTED, QUICK);
    expect(gateway.value("demo", "deployment_status", { action: "deploy", release: "r7" })).toBe(2);
    expect(gateway.value("demo", "deployment_in_progress")).toBe(1);
  });
});

describe("a run that ends", () => {
  test("taken back: status, reasons and times", async () => {
    const gateway = await pushgatewayServer();
    await pushMetrics(gateway.url, takenBackRun(), QUICK);
    expect(gateway.requests.at(-1)?.method).toBe("PUT");
    expect(gateway.value("demo", "deployment_status", { action: "deploy", release: "r7" })).toBe(2);
    expect(gateway.value("demo", "deployment_fail_reason", { reason: "errors" })).toBe(1);
    expect(gateway.value("demo", "deployment_rollback_reason", { reason: "errors" })).toBe(1);
    expect(gateway.value("demo", "deployment_rollbacks_total", { reason: "errors" })).toBe(1);
    expect(gateway.value("demo", "deployment_rollbacks_total", { reason: "latency" })).toBe(0);
    expect(gateway.value("demo", "deployment_time_to_detect_seconds")).toBe(12.5);
    expect(gateway.value("demo", "deployment_time_to_roll_back_seconds")).toBe(0.31);
    expect(gateway.value("demo", "deployment_last_run_timestamp_seconds")).toBe(START_SECONDS + 40);
    expect(gateway.value("demo", "deployment_in_progress")).toBe(0);
    expect(gateway.value("demo", "deployment_partial_state")).toBe(0);
  });

  test("well: nothing remains of the reasons of the run before", async () => {
    const gateway = await pushgatewayServer();
    await pushMetrics(gateway.url, takenBackRun(), QUICK);
    await pushMetrics(gateway.url, succeededRun(), QUICK);
    expect(gateway.value("demo", "deployment_status", { action: "deploy", release: "r7" })).toBe(1);
    expect(gateway.names("demo").filter((name) => /reason|time_to/.test(name))).toEqual([]);
  });

  test.each<[string, RunRecord, number]>([
    ["failed", ended("failed"), 0],
    ["stopped", ended("stopped"), 0],
    ["rolled back by hand", ended("succeeded", { ...DEPLOY, action: "rollback" }), 2],
  ])("%s", async (_, record, status) => {
    const gateway = await pushgatewayServer();
    await pushMetrics(gateway.url, record, QUICK);
    const labels = { action: record.action, release: "r7" };
    expect(gateway.value("demo", "deployment_status", labels)).toBe(status);
  });

  test("with nothing to do: not counted, and the last result stays", async () => {
    const gateway = await pushgatewayServer();
    await pushMetrics(gateway.url, succeededRun(), QUICK);
    await pushMetrics(gateway.url, STARTED, QUICK);
    await pushMetrics(gateway.url, ended("nothing to do"), QUICK);
    expect(gateway.value("demo", "deployment_in_progress")).toBe(0);
    expect(gateway.value("demo", "deployment_status", { action: "deploy", release: "r7" })).toBe(1);
    expect(gateway.value("demo", "deployment_duration_seconds_count", { action: "deploy" })).toBe(1);
  });

  test("with users on both releases: a partial state", async () => {
    const gateway = await pushgatewayServer();
    const run = runOf(
      DEPLOY,
      [[5, traffic("demo", "green", 25)]],
      [9, { outcome: "failed", cause: "engine" }],
    );
    await pushMetrics(gateway.url, run, QUICK);
    expect(gateway.value("demo", "deployment_partial_state")).toBe(1);
  });
});

describe("over many runs", () => {
  test("counters and the histogram of durations grow, each run counted once", async () => {
    const gateway = await pushgatewayServer();
    for (const record of [succeededRun(), takenBackRun(), takenBackRun(), ended("failed"), succeededRun()]) {
      await pushMetrics(gateway.url, STARTED, QUICK);
      await pushMetrics(gateway.url, record, QUICK);
    }
    const total = (outcome: string) =>
      gateway.value("demo", "deployments_total", { action: "deploy", outcome });
    expect(["succeeded", "rolled_back", "failed", "stopped"].map(total)).toEqual([2, 2, 1, 0]);
    expect(gateway.value("demo", "deployment_rollbacks_total", { reason: "errors" })).toBe(2);
    const below = (le: string) =>
      gateway.value("demo", "deployment_duration_seconds_bucket", { action: "deploy", le });
    expect(["15", "30", "60", "120", "3600", "+Inf"].map(below)).toEqual([1, 1, 3, 5, 5, 5]);
    expect(gateway.value("demo", "deployment_duration_seconds_sum", { action: "deploy" })).toBe(
      95 + 40 + 40 + 9 + 95,
    );
    expect(gateway.value("demo", "deployment_duration_seconds_count", { action: "deploy" })).toBe(5);
  });

  test("services and environments are counted apart; a group of services is counted for each", async () => {
    const gateway = await pushgatewayServer();
    await pushMetrics(gateway.url, succeededRun(GROUP), QUICK);
    await pushMetrics(gateway.url, succeededRun({ ...GROUP, parts: GROUP.parts.slice(1) }), QUICK);
    await pushMetrics(gateway.url, succeededRun({ ...DEPLOY, environment: "staging" }), QUICK);
    const succeeded = (service: string) =>
      gateway.value(service, "deployments_total", { action: "deploy", outcome: "succeeded" });
    expect(["paws360-backend", "paws360-frontend", "demo"].map(succeeded)).toEqual([1, 2, 1]);
    expect(gateway.requests.at(-1)?.path).toContain("/environment/staging/service/demo");
  });

  test("a push whose answer was lost is not counted twice", async () => {
    let lost = 0;
    const gateway = await pushgatewayServer(({ method }) => {
      if (method === "GET" || lost === 2) return undefined;
      lost += 1;
      return lost === 1 ? "drop" : { status: 503 };
    });
    expect(await pushMetrics(gateway.url, succeededRun(), QUICK)).toMatchObject([{ ok: true }]);
    expect(gateway.value("demo", "deployments_total", { action: "deploy", outcome: "succeeded" })).toBe(1);
    expect(gateway.requests.map(({ method }) => method)).toEqual(["GET", "PUT", "PUT", "PUT"]);
  });
});

describe("a Pushgateway that does not take it fails nothing", () => {
  test("nobody there", async () => {
    const dead = await deadAddress();
    expect(await pushMetrics(dead, succeededRun(), QUICK)).toEqual([
      { channel: "pushgateway demo", ok: false, detail: `${new URL(dead).host}: ECONNREFUSED` },
    ]);
  });

  test("refused: told once, with its words", async () => {
    const gateway = await pushgatewayServer(({ method }) =>
      method === "PUT" ? { status: 400, body: "inconsistent metric" } : undefined,
    );
    expect(await pushMetrics(gateway.url, succeededRun(), QUICK)).toEqual([
      {
        channel: "pushgateway demo",
        ok: false,
        detail: `${new URL(gateway.url).host}: push failed with status 400, inconsistent metric`,
      },
    ]);
    expect(gateway.requests).toHaveLength(2);
  });

  test("not one at all", async () => {
    const page = await receiver(() => ({ status: 200, body: "<html>" }));
    expect(await pushMetrics(page.url, succeededRun(), QUICK)).toEqual([
      {
        channel: "pushgateway demo",
        ok: false,
        detail: "the answer is not a Pushgateway's: check slipway:delivery.pushgateway",
      },
    ]);
  });

  test("an address with a slash at its end, and below a path", async () => {
    const gateway = await receiver(({ method }) => ({
      status: 200,
      body: method === "GET" ? '{"data":[]}' : "",
    }));
    expect(await pushMetrics(`${gateway.url}/push/`, STARTED, QUICK)).toMatchObject([{ ok: true }]);
    expect(gateway.requests.map(({ path }) => path)).toEqual([
      "/push/api/v1/metrics",
      "/push/metrics/job/slipway-release/environment/production/service/demo",
    ]);
  });
});
