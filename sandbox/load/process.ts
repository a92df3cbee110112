// The process that makes the load: started by startLoad, answers its questions, ends with it.
import { clockOf } from "./clock.ts";
import type { Connection } from "./report.ts";
import { connectionOf, schedule } from "./schedule.ts";
import { type Destination, Sender } from "./sender.ts";
import { type From, Tally } from "./tally.ts";

/** What the process is to do. */
export interface Order extends Destination {
  /** Requests per second. */
  readonly rate: number;
  readonly connections: Connection | "both";
  /** The clock to tell the time by; see `clockAnchor`. */
  readonly anchor: number;
}

/** A question of the parent; the answer bears its number. */
export type Question = { readonly id: number } & (
  | { readonly ask: "counts" | "stop" }
  | { readonly ask: "times"; readonly from: From }
);

export interface Reply {
  readonly id: number;
  readonly value: unknown;
}

/** Sends requests on schedule until it is stopped. */
class Generator {
  readonly tally: Tally;
  readonly #order: Order;
  readonly #now: () => number;
  readonly #sender: Sender;
  readonly #onWay = new Set<Promise<void>>();
  readonly #startCpu = process.cpuUsage();
  #next: NodeJS.Timeout | undefined;

  constructor(order: Order) {
    this.#order = order;
    this.#now = clockOf(order.anchor);
    this.#sender = new Sender(order);
    const start = this.#now();
    this.tally = new Tally(start);
    this.#run(schedule(start, order.rate), 0);
  }

  /** Sends no more, waits for what is on its way, and reports. */
  async stop() {
    clearTimeout(this.#next);
    await Promise.all(this.#onWay);
    this.#sender.close();
    const { user, system } = process.cpuUsage(this.#startCpu);
    return this.tally.report(this.#now(), (user + system) / 1000);
  }

  #run(plan: ReturnType<typeof schedule>, sent: number): void {
    const due = plan.dueBy(this.#now());
    for (let index = sent; index < due; index += 1) this.#send(index, plan.dueAt(index));
    this.#next = setTimeout(() => this.#run(plan, due), Math.max(0, plan.dueAt(due) - this.#now()));
  }

  #send(index: number, due: number): void {
    const connection = connectionOf(index, this.#order.connections);
    this.tally.sent(connection, due, this.#now());
    const work = this.#sender
      .send(connection)
      .then((outcome) => this.tally.done(connection, due, this.#now(), outcome))
      .finally(() => this.#onWay.delete(work));
    this.#onWay.add(work);
  }
}

async function answer(generator: Generator, question: Question): Promise<unknown> {
  switch (question.ask) {
    case "counts":
      return generator.tally.counts();
    case "times":
      return generator.tally.times(question.from);
    case "stop":
      return generator.stop();
  }
}

process.once("message", (order: Order) => {
  const generator = new Generator(order);
  process.on("message", async (question: Question) => {
    const reply: Reply = { id: question.id, value: await answer(generator, question) };
    process.send?.(reply, undefined, undefined, () => {
      if (question.ask === "stop") process.disconnect();
    });
  });
});
// The parent has gone, or has all that it wanted.
process.once("disconnect", () => process.exit());
// Ctrl-C reaches all processes of a terminal; the parent decides when the load ends.
process.on("SIGINT", () => {});
