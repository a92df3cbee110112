import type { RequestListener } from "node:http";
import { afterEach, expect, it } from "vitest";
import { waitFor } from "../../../machine/wait.ts";
import { type Answer, Probe } from "../../../release/drill/probe.ts";
import { freePort, type Running, serve } from "../analysis/servers.ts";

let running: Running | undefined;
let probe: Probe | undefined;

afterEach(async () => {
  probe?.stop();
  await running?.stop();
});

/** Asks until there are so many answers. */
async function answersOf(url: string, count: number): Promise<readonly Answer[]> {
  probe = new Probe(new URL(url));
  const { answers } = probe;
  const enough = () => (answers.length >= count ? true : undefined);
  await waitFor(enough, { signal: new AbortController().signal, timeoutMs: 10_000, everyMs: 10 });
  return answers;
}

async function gateway(listener: RequestListener): Promise<number> {
  running = await serve(listener);
  return running.port;
}

it("asks this machine for names below localhost, by their name, and reads the release", async () => {
  const hosts = new Set<string | undefined>();
  const port = await gateway(({ headers, url }, response) => {
    hosts.add(`${headers.host} ${url}`);
    response.setHeader("x-slipway-release", "r7").end("{}");
  });
  const [first] = await answersOf(`http://demo.localhost:${port}/health`, 1);
  expect([...hosts]).toEqual([`demo.localhost:${port} /health`]);
  expect(first).toEqual({ at: expect.any(Number), release: "r7" });
});

it("never asks as a tester", async () => {
  const asked: unknown[] = [];
  const port = await gateway(({ headers }, response) => {
    asked.push(headers["x-slipway-release"]);
    response.end();
  });
  const answers = await answersOf(`http://demo.localhost:${port}/`, 2);
  expect(asked).not.toHaveLength(0);
  expect(new Set(asked)).toEqual(new Set([undefined]));
  expect(answers[0]?.release).toBeUndefined();
});

it("uses kept connections and new ones", async () => {
  const connections = new Map<object, number>();
  const port = await gateway((request, response) => {
    connections.set(request.socket, (connections.get(request.socket) ?? 0) + 1);
    response.end();
  });
  await answersOf(`http://127.0.0.1:${port}/`, 12);
  expect(Math.max(...connections.values())).toBeGreaterThan(2);
  expect([...connections.values()].filter((count) => count === 1).length).toBeGreaterThan(2);
});

it("counts as failed what fails: a status of 500 and above, a connection that ends, nobody there", async () => {
  let turn = 0;
  const statuses = [503, 404];
  const port = await gateway(({ socket }, response) => {
    const status = statuses[turn++];
    if (status === undefined) socket.destroy();
    else response.writeHead(status, { "x-slipway-release": "r7" }).end();
  });
  const answers = await answersOf(`http://127.0.0.1:${port}/`, 3);
  expect(answers.map(({ release, fault }) => [release, fault])).toEqual(
    expect.arrayContaining([
      ["r7", "503"],
      ["r7", undefined],
      [undefined, "ECONNRESET"],
    ]),
  );
  probe?.stop();
  const [nobody] = await answersOf(`http://127.0.0.1:${await freePort()}/`, 1);
  expect(nobody).toMatchObject({ release: undefined, fault: "ECONNREFUSED" });
});

it("asks no more when it is stopped", async () => {
  const port = await gateway((_, response) => response.end());
  const answers = await answersOf(`http://127.0.0.1:${port}/`, 1);
  probe?.stop();
  const seen = answers.length;
  await new Promise((resolve) => setTimeout(resolve, 100));
  // What was on its way may still end; nothing new is sent.
  expect(answers.length - seen).toBeLessThanOrEqual(2);
});
