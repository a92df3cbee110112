import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { evenFailures, faultsOf, NO_FAULTS } from "../../../sandbox/demo/faults.ts";

const SERVER = fileURLToPath(new URL("../../../sandbox/demo/server.ts", import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** The service as its image starts it, on a free port. */
function startServer(env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [SERVER], {
    env: { PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  return child;
}

async function portOf(child: ChildProcess): Promise<number> {
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const { message, port } = JSON.parse(line) as { message: string; port: number };
    if (message === "listening") return port;
  }
  throw new Error("the server ended before it listened");
}

test("the environment says who it is", async () => {
  const child = startServer({ SERVICE: "shop", RELEASE: "r7", SLOT: "blue", GREETING: "hi" });
  const answer = await fetch(`http://127.0.0.1:${await portOf(child)}/`);
  expect(await answer.json()).toMatchObject({ service: "shop", release: "r7", slot: "blue", greeting: "hi" });
});

test("SIGTERM ends it with 0 after the request in flight", async () => {
  const child = startServer({ FAULT_LATENCY_MS: "1000" });
  const answer = fetch(`http://127.0.0.1:${await portOf(child)}/`);
  await new Promise((resolve) => setTimeout(resolve, 300));
  child.kill("SIGTERM");
  expect((await answer).status).toBe(200);
  expect(await once(child, "exit")).toEqual([0, null]);
});

test("switched to crash, it ends with 1", async () => {
  const child = startServer({ FAULTS: "on" });
  await fetch(`http://127.0.0.1:${await portOf(child)}/faults`, { method: "PUT", body: '{"crash":true}' });
  expect(await once(child, "exit")).toEqual([1, null]);
});

test("declared to crash, it never listens", async () => {
  const child = startServer({ FAULT_CRASH: "true" });
  expect(await once(child, "exit")).toEqual([1, null]);
});

test("bad variables are all named, and it does not start", async () => {
  const child = startServer({ FAULT_ERROR_RATE: "half", FAULT_HEALTH: "bad" });
  const [text] = (await once(child.stderr as NodeJS.ReadableStream, "data")) as [Buffer];
  expect((await once(child, "exit"))[0]).toBe(1);
  expect(text.toString()).toMatch(/errorRate.*health/);
});

test("faultsOf reads the variables, and none is no fault", () => {
  expect(faultsOf({})).toEqual(NO_FAULTS);
  expect(
    faultsOf({
      FAULT_ERROR_RATE: "0.1",
      FAULT_LATENCY_MS: "5",
      FAULT_HEALTH: "failing",
      FAULT_CRASH: "true",
    }),
  ).toEqual({
    errorRate: 0.1,
    latencyMs: 5,
    health: "failing",
    crash: true,
  });
});

test.each([
  [0, 0],
  [0.05, 50],
  [0.1, 100],
  [1 / 3, 333],
  [0.5, 500],
  [1, 1_000],
])("at a rate of %f, %i of 1000 requests fail", (rate, expected) => {
  const fails = evenFailures();
  const failed = Array.from({ length: 1_000 }, () => fails(rate)).filter(Boolean).length;
  expect(failed).toBe(expected);
});
