import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { paths } from "../../machine/paths.ts";
import { REPOSITORY } from "../../machine/repository.ts";
import { run } from "../../machine/run.ts";
import type { Receipt } from "../../toolchain/receipt.ts";
import { type Bench, timed } from "../bench.ts";

const RUNS = 5;
const SLIPWAY = join(REPOSITORY, "slipway");
const GIB = 2 ** 30;

/** Runs the command line as a user would. */
const slipway = (...args: string[]) => run(SLIPWAY, args);

/** Wall seconds that each tool took when it was installed on this machine. */
async function installSeconds(): Promise<number> {
  const folder = join(paths().root, "installed");
  const receipts = await Promise.all(
    (await readdir(folder)).map(
      async (file) => JSON.parse(await readFile(join(folder, file), "utf8")) as Receipt,
    ),
  );
  return receipts.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** Disk that the project takes: its packages and everything below its cache folder. */
async function diskGib(): Promise<number> {
  const { stdout } = await run("du", [
    "--summarize",
    "--bytes",
    "--total",
    join(REPOSITORY, "node_modules"),
    paths().root,
  ]);
  return Number(stdout.split("\n").at(-1)?.split("\t")[0]) / GIB;
}

const bench: Bench = {
  name: "start",
  title: "npm start: everything up, sandbox down, and what the tools took once",
  async measure({ report }) {
    await slipway("start", "--yes");
    report(`everything up, ${RUNS} times`);
    const warm = await timed(RUNS, () => slipway("start", "--yes"));
    report(`sandbox down, ${RUNS} times`);
    const cold = await timed(
      RUNS,
      () => slipway("start", "--yes"),
      () => slipway("sandbox", "down"),
    );
    return [
      { name: "start.everything-up", unit: "s", samples: warm, limit: 10 },
      { name: "start.sandbox-down", unit: "s", samples: cold, limit: 90 },
      { name: "start.tools-once", unit: "s", samples: [await installSeconds()], limit: 1800 },
      { name: "start.disk", unit: "GiB", samples: [await diskGib()], limit: 12 },
    ];
  },
};

export default bench;
