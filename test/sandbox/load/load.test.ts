import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { waitFor } from "../../../machine/wait.ts";
import { epochNow } from "../../../sandbox/load/clock.ts";
import { type Load, type LoadOptions, startLoad } from "../../../sandbox/load/load.ts";
import { undelivered } from "../../../sandbox/load/report.ts";

const open: { server?: Server; load?: Load } = {};

afterEach(async () => {
  await open.load?.stop().catch(() => undefined);
  open.server?.closeAllConnections();
  open.server?.close();
});

/** Serves, starts a load on it, and returns it once `enough` requests were sent. */
async function loaded(listener: RequestListener, enough: number, options: Partial<LoadOptions> = {}) {
  const server = createServer(listener);
  open.server = server;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const load = startLoad({
    hostname: "demo.localhost",
    port,
    rate: 200,
    connections: "both",
    ...options,
  });
  open.load = load;
  await until(async () => (await load.counts()).sent >= enough);
  return { load, server };
}

async function until(check: () => Promise<boolean>): Promise<void> {
  const signal = new AbortController().signal;
  const held = await waitFor(async () => (await check()) || undefined, {
    signal,
    timeoutMs: 15_000,
    everyMs: 10,
  });
  expect(held).toBe(true);
}

const demo =
  (release: () => string): RequestListener =>
  (_request, response) => {
    response.setHeader("x-slipway-release", release());
    response.end(JSON.stringify({ release: release(), slot: release() === "r1" ? "blue" : "green" }));
  };

test("finds the switch from one release to another, by the clock of this process", async () => {
  let release = "r1";
  const { load } = await loaded(
    demo(() => release),
    40,
  );
  const before = epochNow();
  expect(await load.lastAnswer({ release: "r2" })).toBeUndefined();
  release = "r2";
  await until(async () => (await load.firstAnswer({ slot: "green" })) !== undefined);
  await sleep(100);
  const first = await load.firstAnswer({ release: "r2" });
  const last = await load.lastAnswer({ slot: "blue" });
  expect(first).toBeGreaterThanOrEqual(before);
  expect(first).toBeLessThanOrEqual(epochNow());
  expect(last).toBeLessThanOrEqual((first ?? 0) + 50);
  const report = await load.stop();
  expect(report.ok).toBe(report.sent);
  expect(report.sources.map(({ release: name, slot }) => `${name} ${slot}`)).toEqual(["r1 blue", "r2 green"]);
  expect(report.connections["keep-alive"].sent - report.connections.new.sent).toBeLessThanOrEqual(1);
  expect(await load.stop()).toEqual(report);
});

test("keeps some connections, and opens a new one for every other request", async () => {
  const hosts = new Set<string | undefined>();
  let opened = 0;
  const answer = demo(() => "r1");
  const { load, server } = await loaded(
    (request, response) => {
      hosts.add(`${request.headers.host} ${request.headers["x-canary"]}`);
      answer(request, response);
    },
    10,
    { headers: { "x-canary": "yes" } },
  );
  server.on("connection", () => {
    opened += 1;
  });
  const before = (await load.counts()).connections;
  await until(async () => (await load.counts()).sent >= 200);
  const { connections } = await load.stop();
  const fresh = connections.new.sent - before.new.sent;
  const kept = connections["keep-alive"].sent - before["keep-alive"].sent;
  expect(opened).toBeGreaterThanOrEqual(fresh - 10);
  expect(opened).toBeLessThan(fresh + kept / 2);
  expect(hosts).toEqual(new Set(["demo.localhost yes"]));
});

test("goes on sending while nothing is answered, and waits for late answers", async () => {
  const held = Promise.withResolvers<void>();
  const answer = demo(() => "r1");
  const { load } = await loaded((request, response) => {
    held.promise.then(() => answer(request, response));
  }, 100);
  const { sent, ok } = await load.counts();
  expect([sent >= 100, ok]).toEqual([true, 0]);
  const report = load.stop();
  held.resolve();
  const { sent: all, ok: good } = await report;
  expect(good).toBe(all);
});

test("tells what failed: faults of a release, answers of nobody, cut connections", async () => {
  let count = 0;
  const { load } = await loaded(
    (request, response) => {
      count += 1;
      if (count % 4 === 1) {
        response.writeHead(500, { "x-slipway-release": "bad" });
        response.end(JSON.stringify({ slot: "green", error: "failing on purpose" }));
      } else if (count % 4 === 2) response.writeHead(502).end("Bad Gateway");
      else if (count % 4 === 3) {
        response.writeHead(200, { "x-slipway-release": "r1", "content-length": "100" });
        response.write("half of");
        setTimeout(() => request.socket.destroy(), 5);
      } else demo(() => "r1")(request, response);
    },
    80,
    { connections: "new" },
  );
  const report = await load.stop();
  const { fault, answer, connection, timeout } = report.failed;
  expect(Math.min(fault, answer, connection)).toBeGreaterThanOrEqual(15);
  expect(timeout).toBe(0);
  expect(report.sent).toBe(report.ok + fault + undelivered(report));
  expect(report.failures).toHaveLength(20);
  expect(new Set(report.failures.map(({ kind, what }) => `${kind}: ${what}`))).toEqual(
    new Set(["answer: 502 from no release", "connection: ECONNRESET"]),
  );
  expect(report.sources.find(({ release }) => release === "bad")).toMatchObject({ faults: fault, ok: 0 });
});

test("a port that nobody listens on gives failures, not an end", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const load = startLoad({ hostname: "demo.localhost", port, rate: 200, connections: "both" });
  open.load = load;
  await until(async () => undelivered(await load.counts()) >= 20);
  const { failed, ok, failures } = await load.stop();
  expect(ok).toBe(0);
  expect(failed.connection).toBeGreaterThanOrEqual(20);
  expect(failures[0]?.what).toBe("ECONNREFUSED");
});

test("after its end a load says so", async () => {
  const { load } = await loaded(
    demo(() => "r1"),
    1,
  );
  await load.stop();
  await until(async () =>
    load.counts().then(
      () => false,
      (error: Error) => error.message === "the load has ended: exit code 0",
    ),
  );
});
