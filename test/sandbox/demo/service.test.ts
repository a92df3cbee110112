import { once } from "node:events";
import { Agent, request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { NO_FAULTS } from "../../../sandbox/demo/faults.ts";
import { createService, type Service, type Settings } from "../../../sandbox/demo/service.ts";

const running: Service[] = [];

afterEach(async () => {
  for (const service of running.splice(0)) {
    service.server.closeAllConnections();
    await service.stop();
  }
});

async function start(changes: Partial<Settings> = {}) {
  const service = createService({
    service: "demo",
    release: "r42",
    version: "r1",
    slot: "green",
    pod: "demo-green-1",
    greeting: "hello",
    faults: NO_FAULTS,
    faultsSwitchable: true,
    exit: () => {},
    ...changes,
  });
  running.push(service);
  service.server.listen(0, "127.0.0.1");
  await once(service.server, "listening");
  const url = `http://127.0.0.1:${(service.server.address() as AddressInfo).port}`;
  const put = (body: string) => fetch(`${url}/faults`, { method: "PUT", body });
  return { ...service, url, put, get: (path: string) => fetch(`${url}${path}`) };
}

describe("answers", () => {
  test("say service, release, slot and pod", async () => {
    const { get } = await start();
    const answer = await get("/");
    expect(await answer.json()).toEqual({
      service: "demo",
      release: "r42",
      version: "r1",
      slot: "green",
      pod: "demo-green-1",
      greeting: "hello",
    });
  });

  test.each(["/", "/health", "/livez", "/metrics", "/faults", "/nothing"])(
    "%s carries the release",
    async (path) => {
      const { get } = await start();
      expect((await get(path)).headers.get("x-slipway-release")).toBe("r42");
    },
  );

  test("name the order that was placed, where there is a database", async () => {
    let placed = 0;
    const { get } = await start({ orders: { place: async () => ++placed } });
    expect(await (await get("/")).json()).toMatchObject({ order: 1, release: "r42" });
    expect((await get("/health")).status).toBe(200);
    expect(placed).toBe(1);
  });

  test("are never good when the order was not placed, and tell nothing but the fault's code", async () => {
    const fault = Object.assign(new Error("connect postgres://slipway:canary-1@db"), {
      code: "ECONNREFUSED",
    });
    const { get } = await start({ orders: { place: () => Promise.reject(fault) } });
    const answer = await get("/");
    expect(answer.status).toBe(503);
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({ error: "no order was placed: ECONNREFUSED", release: "r42" });
    expect(text).not.toContain("canary-1");
  });

  test("an unknown path is not found, whatever it is called", async () => {
    const { get } = await start();
    for (const path of ["/nothing", "/constructor", "/__proto__", "//"])
      expect((await get(path)).status).toBe(404);
  });
});

describe("faults", () => {
  test("an error rate fails exactly that share of requests, and no other path", async () => {
    const { get, put } = await start();
    await put('{"errorRate": 0.25}');
    const codes = await Promise.all(Array.from({ length: 40 }, async () => (await get("/")).status));
    expect(codes.filter((code) => code === 500)).toHaveLength(10);
    expect((await get("/livez")).status).toBe(200);
    expect(await (await get("/faults")).json()).toMatchObject({ errorRate: 0.25, switchable: true });
  });

  test("failing health is seen by readiness, not by liveness", async () => {
    const { get, put } = await start();
    await put('{"health": "failing"}');
    expect((await get("/health")).status).toBe(503);
    expect((await get("/livez")).status).toBe(200);
    await put("{}");
    expect((await get("/health")).status).toBe(200);
  });

  test("latency holds a request back, and not the probes", async () => {
    const { get, put } = await start();
    await put('{"latencyMs": 300}');
    const order: string[] = [];
    const asked = ["/", "/health"].map((path) => get(path).then(() => order.push(path)));
    await Promise.all(asked);
    expect(order).toEqual(["/health", "/"]);
  });

  test("a crash comes after its answer", async () => {
    const exits: number[] = [];
    const { put } = await start({ exit: (code) => exits.push(code) });
    const answer = await put('{"crash": true}');
    expect(answer.status).toBe(200);
    await expect.poll(() => exits).toEqual([1]);
  });

  test("a release can start with them", async () => {
    const { get } = await start({ faults: { ...NO_FAULTS, errorRate: 1 } });
    expect((await get("/")).status).toBe(500);
  });

  test("cannot be switched where that is not allowed", async () => {
    const { get, put } = await start({ faultsSwitchable: false });
    expect((await put('{"errorRate": 1}')).status).toBe(403);
    expect((await get("/")).status).toBe(200);
  });

  test.each([
    ['{"errorRate": 2, "latencyMs": -1, "helth": "failing"}', 3],
    ['{"errorRate": "1"}', 1],
    ['{"crash": "yes"}', 1],
    ["[]", 1],
    ["null", 1],
    ["not json", 1],
    [`{"x": "${"y".repeat(5_000)}"}`, 1],
  ])("bad input %.40s is refused with all its errors", async (body, errors) => {
    const { put, get } = await start();
    const answer = await put(body);
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { errors: string[] }).errors).toHaveLength(errors);
    expect(await (await get("/faults")).json()).toMatchObject(NO_FAULTS);
  });
});

describe("metrics", () => {
  test("count requests by method, route and code, and never by unknown paths", async () => {
    const { get, put } = await start();
    await put('{"errorRate": 0.5}');
    for (const path of ["/", "/", "/a", "/b", "/b?c=d"]) await get(path);
    const text = await (await get("/metrics")).text();
    expect(text).toContain('http_requests_total{method="GET",route="/",code="200"} 1\n');
    expect(text).toContain('http_requests_total{method="GET",route="/",code="500"} 1\n');
    expect(text).toContain('http_requests_total{method="GET",route="other",code="404"} 3\n');
    expect(text).toContain('http_request_duration_seconds_count{method="GET",route="/",code="200"} 1\n');
    expect(text).toMatch(/^build_info\{service="demo",release="r42",version="r1",slot="green"\} 1$/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d+/m);
  });

  test("two instances in one process do not share them", async () => {
    const [one, two] = [await start(), await start()];
    await one.get("/");
    expect(await (await two.get("/metrics")).text()).not.toContain('route="/",code="200"');
  });
});

describe("stop", () => {
  test("lets a request in flight finish, on a connection that is then closed", async () => {
    const { url, stop, server, put } = await start();
    await put('{"latencyMs": 150}');
    const arrived = once(server, "request");
    const agent = new Agent({ keepAlive: true });
    const answered = new Promise<{ status?: number; connection?: string }>((resolve, reject) => {
      const call = request(url, { agent }, (answer) => {
        answer.resume();
        answer.on("end", () =>
          resolve({ status: answer.statusCode as number, connection: answer.headers.connection as string }),
        );
      });
      call.on("error", reject).end();
    });
    await arrived;
    const stopped = stop();
    expect(await answered).toEqual({ status: 200, connection: "close" });
    await stopped;
    await expect(fetch(url)).rejects.toThrow();
    agent.destroy();
  });
});
