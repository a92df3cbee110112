import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { execa } from "execa";
import { afterEach, describe, expect, test } from "vitest";
import type { Check } from "../../infra/slots/model/smoke.ts";

const RUNNER = readFileSync(new URL("../../infra/slots/model/smoke-runner.js", import.meta.url), "utf8");
/** A process starts for every test; machines under load take a while. */
const PATIENCE_MS = 30_000;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server on this machine; resolves to its port. */
async function serve(answer: RequestListener, port = 0): Promise<number> {
  const server = createServer(answer);
  closing.push(() => server.close().closeAllConnections());
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function smoke(port: number, checks: Check[], limits = { timeoutMs: 2_000, patienceMs: 0 }) {
  const suite = {
    release: "r2",
    slot: "green",
    step: 5,
    target: `http://127.0.0.1:${port}`,
    ...limits,
    checks,
  };
  return execa(process.execPath, ["--input-type=module", "--eval", RUNNER], {
    env: { SMOKE: JSON.stringify(suite) },
    reject: false,
  });
}

/** Lines without the times in them. */
function lines(stdout: string): string[] {
  return stdout.split("\n").map((line) => line.replace(/in \d+ ms/, "in … ms"));
}

describe("a smoke test", { timeout: PATIENCE_MS }, () => {
  test("says for each check what it found, and passes when all do", async () => {
    const port = await serve((request, response) => {
      if (request.url === "/old") response.writeHead(302, { location: "/health" }).end();
      else response.end('{"status":"UP"}');
    });
    const { exitCode, stdout } = await smoke(port, [
      { name: "connection" },
      { name: "health", path: "/health?full=1", status: 200, body: '"status":"U.+"' },
      { name: "redirect", path: "/old", status: 302 },
    ]);
    expect(lines(stdout)).toEqual([
      `smoke test of r2 in green for step 5, at http://127.0.0.1:${port}`,
      `ok      connection: connected to 127.0.0.1:${port} in … ms`,
      "ok      health: GET /health?full=1 -> 200 in … ms",
      "ok      redirect: GET /old -> 302 in … ms",
      "all 3 passed",
    ]);
    expect(exitCode).toBe(0);
  });

  test("fails with what was expected and what came, after trying everything", async () => {
    const port = await serve((request, response) => {
      response.statusCode = request.url === "/health" ? 503 : 200;
      response.end(`{"status":"DOWN"}${" ".repeat(500)}`);
    });
    const { exitCode, stdout } = await smoke(port, [
      { name: "health", path: "/health", status: 200 },
      { name: "data", path: "/data", status: 200, body: "^\\[" },
      { name: "home", path: "/", status: 200 },
    ]);
    const excerpt = `the answer begins ${JSON.stringify(`{"status":"DOWN"}${" ".repeat(183)}`)}`;
    expect(lines(stdout).slice(1)).toEqual([
      `FAILED  health: GET /health -> 503 in … ms; expected 200; ${excerpt}`,
      `FAILED  data: GET /data -> 200 in … ms; expected a body like /^\\[/; ${excerpt}`,
      "ok      home: GET / -> 200 in … ms",
      "2 of 3 failed",
    ]);
    expect(exitCode).toBe(1);
  });

  test("looks for a pattern in every line", async () => {
    const port = await serve((_, response) => response.end("# HELP\nbuild_info{} 1\n"));
    const { exitCode } = await smoke(port, [
      { name: "metrics", path: "/metrics", status: 200, body: "^build_info" },
    ]);
    expect(exitCode).toBe(0);
  });

  test("posts JSON", async () => {
    const port = await serve(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      const isRight = request.method === "POST" && request.headers["content-type"] === "application/json";
      response.statusCode = isRight && JSON.parse(body).user === "nobody" ? 401 : 400;
      response.end();
    });
    const { exitCode, stdout } = await smoke(port, [
      { name: "login flow", path: "/login", json: { user: "nobody" }, status: 401 },
    ]);
    expect(lines(stdout)[1]).toBe("ok      login flow: POST /login -> 401 in … ms");
    expect(exitCode).toBe(0);
  });

  test("fails when nobody answers, and when an answer does not come", async () => {
    const nobody = await serve(() => {});
    for (const close of closing.splice(0)) close();
    const refused = await smoke(nobody, [
      { name: "health", path: "/health", status: 200 },
      { name: "connection" },
    ]);
    expect(lines(refused.stdout)[1]).toMatch(
      /^FAILED {2}health: \/health: no answer in … ms: .*ECONNREFUSED/,
    );
    expect(lines(refused.stdout)[2]).toMatch(
      /^FAILED {2}connection: connection: no answer in … ms: .*ECONNREFUSED/,
    );
    expect(refused.exitCode).toBe(1);

    const silent = await serve(() => {});
    const late = await smoke(silent, [{ name: "health", path: "/health", status: 200 }], {
      timeoutMs: 200,
      patienceMs: 0,
    });
    expect(lines(late.stdout)[1]).toBe("FAILED  health: /health: no answer in … ms: none within 200 ms");
    expect(late.exitCode).toBe(1);
  });

  test("has patience with pods that the cluster has not found yet", async () => {
    const port = await serve(() => {});
    for (const close of closing.splice(0)) close();
    const running = smoke(port, [{ name: "health", path: "/health", status: 200 }], {
      timeoutMs: 2_000,
      patienceMs: PATIENCE_MS,
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    await serve((_, response) => response.end("here"), port);
    const { exitCode, stdout } = await running;
    expect(lines(stdout)[1]).toBe("ok      health: GET /health -> 200 in … ms");
    expect(exitCode).toBe(0);
  });
});
