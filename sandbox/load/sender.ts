import { Agent, type IncomingMessage, request } from "node:http";
import type { Connection } from "./report.ts";
import type { Outcome } from "./tally.ts";

/** Where requests go. */
export interface Destination {
  /** The Host header. */
  readonly hostname: string;
  /** On this machine. */
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Longer than any answer of a service that works; the slow demo release takes 400 ms. */
const TIMEOUT_MS = 5_000;
/** Clients that keep their connection. Several, so that each of the gateway's and pods' connections is tried in turn. */
const CLIENTS = 16;
/** What the demo service says when it fails as it was told to. */
const ON_PURPOSE = "failing on purpose";

/** Sends GET requests and says what became of each; never throws. */
export class Sender {
  readonly #destination: Destination;
  readonly #kept = Array.from({ length: CLIENTS }, () => new Agent({ keepAlive: true }));
  readonly #fresh = new Agent({ keepAlive: false });
  #turn = 0;

  constructor(destination: Destination) {
    this.#destination = destination;
  }

  send(connection: Connection): Promise<Outcome> {
    const { hostname, port, headers } = this.#destination;
    const options = {
      host: "127.0.0.1",
      port,
      path: "/",
      headers: { ...headers, host: hostname },
      agent: connection === "new" ? this.#fresh : this.#nextClient(),
    };
    return new Promise((resolve) => {
      const call = request(options);
      const timer = setTimeout(() => {
        resolve({ kind: "timeout", what: `no answer within ${TIMEOUT_MS} ms` });
        call.destroy();
      }, TIMEOUT_MS);
      const finish = (outcome: Outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      };
      const lost = (error: NodeJS.ErrnoException) =>
        finish({ kind: "connection", what: error.code ?? error.message });
      call.on("error", lost);
      call.on("response", (response) => read(response, finish, lost));
      call.end();
    });
  }

  close(): void {
    for (const agent of [...this.#kept, this.#fresh]) agent.destroy();
  }

  #nextClient(): Agent {
    this.#turn = (this.#turn + 1) % CLIENTS;
    return this.#kept[this.#turn] as Agent;
  }
}

/** Listens for itself: an async iterator takes twice the processor time, which the system under load would lack. */
function read(
  response: IncomingMessage,
  finish: (outcome: Outcome) => void,
  lost: (error: Error) => void,
): void {
  const chunks: Buffer[] = [];
  response.on("data", (chunk: Buffer) => chunks.push(chunk));
  response.on("error", lost);
  response.on("end", () => {
    const release = response.headers["x-slipway-release"];
    finish(outcomeOf(response.statusCode ?? 0, release, Buffer.concat(chunks).toString()));
  });
}

/** Judges a whole answer by its status, its header x-slipway-release, and its body as the demo service writes it. */
export function outcomeOf(status: number, release: string | string[] | undefined, text: string): Outcome {
  if (typeof release !== "string") return { kind: "answer", what: `${status} from no release` };
  const { slot = "unknown", error } = parse(text);
  const source = { release, slot };
  if (status < 400) return { kind: "ok", source };
  if (status === 500 && error === ON_PURPOSE) return { kind: "fault", source };
  return { kind: "answer", what: `${status} from ${release}`, source };
}

function parse(text: string): { readonly slot?: string; readonly error?: string } {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
