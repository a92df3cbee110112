import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Figure } from "./statistics.ts";

/** What a measurement may use. */
export interface BenchContext {
  /** Says on stderr what is being measured. */
  report(status: string): void;
  /** Aborted by Ctrl-C and SIGTERM: a measurement then ends soon, and leaves everything as it was. */
  readonly signal: AbortSignal;
}

/** A group of figures that are measured together. One file each, in `bench/cases`. */
export interface Bench {
  readonly name: string;
  readonly title: string;
  measure(context: BenchContext): Promise<readonly Figure[]>;
}

/** All measurements of the project, by name. */
export async function loadBenches(folder = join(import.meta.dirname, "cases")): Promise<Bench[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".ts")).sort();
  const modules = await Promise.all(
    files.map((file) => import(join(folder, file)) as Promise<{ default: Bench }>),
  );
  return modules.map((module) => module.default);
}

/** Does the work `runs` times and returns the seconds that each took; `prepare` is not counted. */
export async function timed(
  runs: number,
  work: () => Promise<unknown>,
  prepare: () => Promise<unknown> = async () => {},
): Promise<number[]> {
  const seconds: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    await prepare();
    const started = performance.now();
    await work();
    seconds.push((performance.now() - started) / 1000);
  }
  return seconds;
}
