import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";

/** A request as it came over the wire. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** What to answer; `hang` never answers, `drop` closes the connection after the request was taken in. */
export type Reply =
  | { readonly status: number; readonly body?: string; readonly headers?: Readonly<Record<string, string>> }
  | "hang"
  | "drop";

export interface Receiver {
  readonly url: string;
  readonly requests: readonly Received[];
}

/** A real HTTP server on a free port of this machine, gone when the test is over. */
export async function receiver(reply: (request: Received, index: number) => Reply): Promise<Receiver> {
  const requests: Received[] = [];
  const server = createServer(async (request, response) => {
    const { method = "", url: path = "", headers } = request;
    const received = { method, path, headers, body: await text(request) };
    requests.push(received);
    const answer = reply(received, requests.length - 1);
    if (answer === "hang") return;
    if (answer === "drop") return void request.socket.destroy();
    response.writeHead(answer.status, answer.headers).end(answer.body ?? "");
  });
  return { url: await listen(server), requests };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The address of a port on which nobody listens. */
export async function deadAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
