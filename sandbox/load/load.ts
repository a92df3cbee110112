import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { PORTS } from "../ports.ts";
import { clockAnchor } from "./clock.ts";
import type { Order, Question, Reply } from "./process.ts";
import type { Connection, Counts, LoadReport } from "./report.ts";
import type { From, Times } from "./tally.ts";

/** What the load asks for. */
export interface LoadOptions {
  /** Host name of the service: `demo.localhost`. It is asked for on this machine, whatever resolves the name. */
  readonly hostname: string;
  /** @default the sandbox's gateway */
  readonly port?: number;
  /** Requests per second. They are sent on schedule, whatever the answers do. */
  readonly rate: number;
  /** `both`: in turn. */
  readonly connections: Connection | "both";
  readonly headers?: Readonly<Record<string, string>>;
}

/** Steady requests from a process of their own, so that the work of this one delays none of them. */
export interface Load {
  counts(): Promise<Counts>;
  /** When the last whole answer came from there, in milliseconds since 1970; undefined: none so far. */
  lastAnswer(from: From): Promise<number | undefined>;
  /** The same of the first one. */
  firstAnswer(from: From): Promise<number | undefined>;
  /** Sends no more, waits for all answers that are due, and tells what was seen. Asked again, tells the same. */
  stop(): Promise<LoadReport>;
}

const PROCESS = fileURLToPath(new URL("process.ts", import.meta.url));

/** Starts a load. All its times compare with `epochNow()` of this process. */
export function startLoad({
  hostname,
  port = PORTS.gateway,
  rate,
  connections,
  headers = {},
}: LoadOptions): Load {
  const child = new Child();
  const order: Order = { hostname, port, rate, connections, headers, anchor: clockAnchor() };
  child.send(order);
  const times = (from: From) => child.ask<Times | undefined>({ ask: "times", from });
  let report: Promise<LoadReport> | undefined;
  return {
    counts: () => child.ask<Counts>({ ask: "counts" }),
    lastAnswer: async (from) => (await times(from))?.last,
    firstAnswer: async (from) => (await times(from))?.first,
    stop: () => {
      report ??= child.ask<LoadReport>({ ask: "stop" });
      return report;
    },
  };
}

type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;

/** The other process, and the questions that it has not answered yet. */
class Child {
  readonly #process: ChildProcess;
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>();
  #asked = 0;
  #ended: string | undefined;

  constructor() {
    this.#process = fork(PROCESS, {
      execArgv: [],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      serialization: "advanced",
    });
    this.#process.on("message", ({ id, value }: Reply) => {
      this.#open.get(id)?.resolve(value);
      this.#open.delete(id);
    });
    this.#process.once("error", (error) => this.#end(error.message));
    this.#process.once("exit", (code, signal) => this.#end(signal ?? `exit code ${code}`));
  }

  send(message: Order | Question): void {
    // A failure to send shows as the end of the process, which rejects what is asked.
    this.#process.send(message, () => {});
  }

  ask<T>(question: WithoutId<Question>): Promise<T> {
    if (this.#ended !== undefined) return Promise.reject(ended(this.#ended));
    const id = this.#asked++;
    const answer = Promise.withResolvers<unknown>();
    this.#open.set(id, answer);
    this.send({ ...question, id });
    return answer.promise as Promise<T>;
  }

  #end(how: string): void {
    this.#ended = how;
    for (const { reject } of this.#open.values()) reject(ended(how));
    this.#open.clear();
  }
}

function ended(how: string): Error {
  return new Error(`the load has ended: ${how}`);
}
