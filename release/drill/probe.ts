import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { TESTERS } from "../../infra/slots/model/live.ts";

/** Time between two requests, in milliseconds: what a moment can be told by. */
const EVERY_MS = 20;

/** After this long a request counts as failed, in milliseconds. */
const TIMEOUT_MS = 5_000;

/** How one request ended. */
export interface Answer {
  /** When it had ended, by `performance.now()`. */
  readonly at: number;
  /** Id of the release that answered, where it says so. */
  readonly release: string | undefined;
  /** Why it counts as failed: no answer, or one of status 500 and above. */
  readonly fault?: string;
}

/** Requests to a service's public address, as its users send them: half on kept connections, half on new ones. */
export class Probe {
  /** In the order in which they ended. */
  readonly answers: Answer[] = [];
  readonly #url: URL;
  readonly #agents: readonly (HttpAgent | HttpsAgent)[];
  readonly #timer: NodeJS.Timeout;
  #sent = 0;

  constructor(url: URL) {
    this.#url = url;
    const Agent = url.protocol === "https:" ? HttpsAgent : HttpAgent;
    this.#agents = [new Agent({ keepAlive: true }), new Agent({ keepAlive: false })];
    this.#timer = setInterval(() => this.#send(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const agent of this.#agents) agent.destroy();
  }

  #send(): void {
    this.#sent += 1;
    const { protocol, hostname, host } = this.#url;
    const agent = this.#agents[this.#sent % this.#agents.length];
    const call = (protocol === "https:" ? httpsRequest : httpRequest)(this.#url, {
      agent,
      headers: { host },
      hostname: addressOf(hostname),
      servername: hostname,
      timeout: TIMEOUT_MS,
    });
    call.on("response", (response) => this.#read(response));
    call.on("timeout", () => call.destroy(Object.assign(new Error(), { code: "ETIMEDOUT" })));
    call.on("error", (error: NodeJS.ErrnoException) => this.#ended(undefined, error.code ?? error.message));
    call.end();
  }

  #read(response: IncomingMessage): void {
    const release = response.headers[TESTERS.header];
    const status = response.statusCode ?? 0;
    response.on("end", () =>
      this.#ended(typeof release === "string" ? release : undefined, status < 500 ? undefined : `${status}`),
    );
    response.on("error", (error: NodeJS.ErrnoException) =>
      this.#ended(undefined, error.code ?? error.message),
    );
    response.resume();
  }

  #ended(release: string | undefined, fault: string | undefined): void {
    this.answers.push({ at: performance.now(), release, ...(fault === undefined ? {} : { fault }) });
  }
}

/** Names below `localhost` are this machine, whether the resolver knows it or not. */
function addressOf(hostname: string): string {
  return /(^|\.)localhost$/.test(hostname) ? "127.0.0.1" : hostname;
}
