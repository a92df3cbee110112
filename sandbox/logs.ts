import { existsSync, globSync, statSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../infra/lib/errors.ts";
import { suggest } from "../infra/lib/nearest.ts";
import { NODE_ADDONS } from "./addons/addons.ts";
import type { Addon } from "./addons/objects.ts";
import { type Layout, layout } from "./layout.ts";
import { COMPONENTS, type ComponentName } from "./node/components.ts";
import { logFile } from "./node/supervise.ts";

/** What to show of a log, and where to. */
export interface LogsOptions {
  /** Last lines of what is there; all of it without. */
  readonly lines?: number;
  /** Go on with what comes, until `signal`. */
  readonly follow?: boolean;
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
}

const POLL_MS = 250;

/** Names that {@link logs} takes: the node's components and the add-ons. */
export const LOG_NAMES: readonly string[] = [...COMPONENTS, ...NODE_ADDONS.map(({ name }) => name)];

/** Writes a component's or add-on's log. Ends with the log, or, when following, with the signal. */
export async function logs(name: string, options: LogsOptions, place: Layout = layout()): Promise<void> {
  const addon = NODE_ADDONS.find((candidate) => candidate.name === name);
  if (addon !== undefined) {
    const write = (text: string) => options.write(withoutPrefix(text));
    return fileLogs(podLogFile(place, addon), { ...options, write });
  }
  if (!COMPONENTS.includes(name as ComponentName)) {
    throw new UserError({ what: `there is no component "${name}"`, remedy: suggest(name, LOG_NAMES) });
  }
  const file = logFile(place, name as ComponentName);
  if (!existsSync(file)) throw noLog(name, file);
  return fileLogs(file, options);
}

/** The last lines of a text; a line end at its end does not count as a line. */
export function lastLines(text: string, lines: number): string {
  const all = text.replace(/\n$/, "").split("\n");
  return lines === 0 || text === "" ? "" : `${all.slice(-lines).join("\n")}\n`;
}

async function fileLogs(file: string, { lines, follow, signal, write }: LogsOptions): Promise<void> {
  let { text, end } = await readFrom(file, 0);
  write(lines === undefined ? text : lastLines(text, lines));
  while (follow === true && !signal.aborted) {
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    const { size } = await stat(file);
    // A restart may have begun a new file.
    ({ text, end } = await readFrom(file, size < end ? 0 : end));
    if (text !== "") write(text);
  }
}

async function readFrom(
  file: string,
  start: number,
): Promise<{ readonly text: string; readonly end: number }> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(Math.max(0, size - start));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
    return { text: buffer.subarray(0, bytesRead).toString("utf8"), end: start + bytesRead };
  } finally {
    await handle.close();
  }
}

/** The file that containerd writes the newest container of an add-on's newest pod into. */
function podLogFile(place: Layout, { name, namespace }: Addon): string {
  const pattern = join(place.podLogs, `${namespace}_${name}-*`, name, "*.log");
  const newest = globSync(pattern)
    .map((file) => ({ file, changed: statSync(file).mtimeMs }))
    .sort((a, b) => b.changed - a.changed)[0];
  if (newest === undefined) throw noLog(name, place.podLogs);
  return newest.file;
}

/** Takes time, stream and completeness away, which the container runtime puts before each line. */
export function withoutPrefix(text: string): string {
  return text.replaceAll(/^\S+ (?:stdout|stderr) [FP] /gm, "");
}

function noLog(name: string, where: string): UserError {
  return new UserError({ what: `${name} has no log yet`, where, remedy: "start it: slipway sandbox up" });
}
