import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { evenFailures, type Faults, parseFaults } from "./faults.ts";
import { createMetrics } from "./metrics.ts";
import type { Orders } from "./orders.ts";

/** Who this instance is, and how it starts. */
export interface Settings {
  readonly service: string;
  /** Release that the deployment declares. */
  readonly release: string;
  /** Release that the image was made as. */
  readonly version: string;
  readonly slot: string;
  readonly pod: string;
  readonly greeting: string;
  readonly faults: Faults;
  /** Whether PUT /faults is allowed. */
  readonly faultsSwitchable: boolean;
  /** Where it has a database: every request to "/" places an order. */
  readonly orders?: Pick<Orders, "place">;
  /** Ends the process. */
  readonly exit: (code: number) => void;
}

/** A running instance. */
export interface Service {
  readonly server: Server;
  /** Takes no new connections, finishes what is in flight; resolves when the last connection is closed. */
  stop(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly contentType?: string;
  /** Done once the answer has been sent. */
  readonly afterwards?: () => void;
}

const MAX_BODY_BYTES = 4_096;
/** Longer than gateways keep an idle connection (90 s), so that never we close one that they are about to use. */
const KEEP_ALIVE_MS = 120_000;
const METHODS = new Set(["GET", "HEAD", "PUT", "POST", "DELETE"]);

/** The demo service, not yet listening. */
export function createService(settings: Settings): Service {
  const { service, release, version, slot, pod } = settings;
  const metrics = createMetrics({ service, release, version, slot });
  const fails = evenFailures();
  let faults = settings.faults;
  let stopping = false;

  const routes: Record<string, (request: IncomingMessage) => Promise<Answer> | Answer> = {
    "/": async () => {
      if (faults.latencyMs > 0) await sleep(faults.latencyMs);
      const identity = { service, release, slot, pod, version };
      if (fails(faults.errorRate)) return { status: 500, body: { ...identity, error: "failing on purpose" } };
      return placed(settings.orders, { ...identity, greeting: settings.greeting });
    },
    "/livez": () => ({ status: 200, body: { status: "ok" } }),
    "/health": () =>
      faults.health === "ok" && !stopping
        ? { status: 200, body: { status: "UP", release } }
        : { status: 503, body: { status: "DOWN", release } },
    "/metrics": async () => ({ status: 200, body: await metrics.text(), contentType: metrics.contentType }),
    "/faults": async (request) => {
      if (request.method !== "PUT")
        return { status: 200, body: { ...faults, switchable: settings.faultsSwitchable } };
      if (!settings.faultsSwitchable)
        return { status: 403, body: { error: "set FAULTS=on to switch faults" } };
      const result = parseFaults(parseJson(await readBody(request)));
      if ("errors" in result) return { status: 400, body: result };
      faults = result.faults;
      return { status: 200, body: faults, ...(faults.crash ? { afterwards: () => settings.exit(1) } : {}) };
    },
  };

  const server = createServer((request, response) => {
    const started = performance.now();
    const path = request.url?.split("?", 1)[0] ?? "/";
    const route = Object.hasOwn(routes, path) ? path : "other";
    response.setHeader("x-slipway-release", release);
    response.on("finish", () =>
      metrics.observe({
        method: METHODS.has(request.method ?? "") ? (request.method as string) : "other",
        route,
        code: response.statusCode,
        seconds: (performance.now() - started) / 1_000,
      }),
    );
    const work =
      route === "other" ? { status: 404, body: { error: "not found", release } } : routes[route]?.(request);
    Promise.resolve(work).then(
      (answer) => send(response, answer as Answer, stopping),
      (error: Error) => send(response, { status: 400, body: { errors: [error.message] } }, stopping),
    );
  });

  server.keepAliveTimeout = KEEP_ALIVE_MS;

  return {
    server,
    stop: () => {
      stopping = true;
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** The answer, with the number of the order where orders are taken; 503 when it could not be placed. */
async function placed(orders: Settings["orders"], body: Readonly<Record<string, unknown>>): Promise<Answer> {
  if (orders === undefined) return { status: 200, body };
  try {
    return { status: 200, body: { ...body, order: await orders.place() } };
  } catch (error) {
    const { code = "unknown" } = error as { code?: string };
    return { status: 503, body: { ...body, error: `no order was placed: ${code}` } };
  }
}

function send(
  response: ServerResponse,
  { status, body, contentType, afterwards }: Answer,
  last: boolean,
): void {
  response.statusCode = status;
  response.setHeader("content-type", contentType ?? "application/json");
  // A kept connection would be cut while its next request is on the way.
  if (last) response.setHeader("connection", "close");
  if (afterwards !== undefined) response.on("finish", afterwards);
  response.end(typeof body === "string" ? body : `${JSON.stringify(body)}\n`);
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > MAX_BODY_BYTES) throw new Error(`body is larger than ${MAX_BODY_BYTES} bytes`);
  }
  return text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
