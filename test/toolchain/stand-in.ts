import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the stand-in answers for a path: bytes, or a function that answers by itself (or never). */
export type Answer = Buffer | string | ((response: ServerResponse) => void);

/** A local server that stands in for the publishers' download servers: `/HOST/PATH` -> answer. */
export class StandIn {
  readonly requests: string[] = [];
  readonly #server: Server;
  readonly #answers: Readonly<Record<string, Answer>>;

  private constructor(answers: Readonly<Record<string, Answer>>) {
    this.#answers = answers;
    this.#server = createServer((request, response) => {
      const path = decodeURIComponent(request.url ?? "");
      this.requests.push(path);
      const answer = this.#answers[path];
      if (typeof answer === "function") return answer(response);
      if (answer === undefined) response.statusCode = 404;
      return response.end(answer);
    });
  }

  static async start(answers: Readonly<Record<string, Answer>>): Promise<StandIn> {
    const standIn = new StandIn(answers);
    await new Promise<void>((resolve) => standIn.#server.listen(0, "127.0.0.1", resolve));
    return standIn;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** An answer that sends its head and some bytes, then nothing, and keeps the connection open. */
export const hangs: Answer = (response) => {
  response.writeHead(200, { "content-length": "1000" });
  response.write("some bytes");
};
