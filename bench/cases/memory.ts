import { setTimeout as sleep } from "node:timers/promises";
import { status } from "../../sandbox/status.ts";
import type { Bench } from "../bench.ts";

const RUNS = 5;
const BETWEEN_MS = 2_000;
const MIB = 2 ** 20;

const bench: Bench = {
  name: "memory",
  title: "resident memory of the idle sandbox: node, add-ons and the stack's pods",
  async measure({ report }) {
    const samples: number[] = [];
    for (let run = 1; run <= RUNS; run += 1) {
      report(`look ${run} of ${RUNS}`);
      const { state, memoryBytes } = await status();
      if (state !== "ready") throw new Error(`the sandbox is ${state}: npm start`);
      samples.push(memoryBytes.total / MIB);
      await sleep(BETWEEN_MS);
    }
    return [{ name: "memory.idle-sandbox", unit: "MiB", samples, limit: 2048 }];
  },
};

export default bench;
