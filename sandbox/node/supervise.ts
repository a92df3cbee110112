import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../infra/lib/errors.ts";
import { findCommand } from "../../machine/packages.ts";
import { paths } from "../../machine/paths.ts";
import {
  type ProcessRecord,
  processes,
  recordedProcess,
  startDetached,
  stopProcess,
} from "../../machine/processes.ts";
import { tail } from "../../machine/run.ts";
import { waitFor } from "../../machine/wait.ts";
import type { Layout } from "../layout.ts";
import type { ComponentCommand, ComponentName } from "./components.ts";
import { isHealthy } from "./health.ts";

const STOP_MS = 5_000;
const HEALTHY_MS = 90_000;

export function pidFile(place: Layout, name: ComponentName): string {
  return join(place.run, `${name}.json`);
}

export function logFile(place: Layout, name: ComponentName): string {
  return join(place.logs, `${name}.log`);
}

/** The executable of a component: containerd is the machine's, everything else the toolchain's. */
export function executable(name: ComponentName): string {
  const file = name === "containerd" ? findCommand(name) : join(paths().bin, name);
  if (file === undefined || !existsSync(file)) {
    throw new UserError({
      what: `the program ${name} is missing`,
      where: file ?? "PATH",
      remedy: "install the toolchain first: npm start does it",
    });
  }
  return file;
}

/**
 * Makes sure that a component runs from exactly these inputs: left alone when it does, restarted when its executable,
 * command line or files have changed, started when it does not run.
 * @returns whether it had to be started.
 */
export async function ensureRunning(place: Layout, command: ComponentCommand): Promise<boolean> {
  const file = executable(command.name);
  const fingerprint = fingerprintOf(file, command);
  const recorded = recordedProcess(pidFile(place, command.name));
  if (recorded?.fingerprint === fingerprint) return false;
  if (recorded !== undefined) await stopProcess(recorded, STOP_MS);
  for (const pid of strays(place, file)) await stopProcess({ pid }, STOP_MS);
  await startDetached({
    command: file,
    args: command.args,
    env: environment(command),
    cwd: place.root,
    logFile: logFile(place, command.name),
    pidFile: pidFile(place, command.name),
    fingerprint,
  });
  return true;
}

/** Waits until a component is healthy; fails at once, with its last lines, when it ends instead. */
export async function waitHealthy(place: Layout, name: ComponentName, signal: AbortSignal): Promise<void> {
  const check = async () => {
    if (await isHealthy(place, name)) return "healthy";
    return recordedProcess(pidFile(place, name)) === undefined ? "ended" : undefined;
  };
  const outcome = await waitFor(check, { signal, timeoutMs: HEALTHY_MS });
  if (outcome === "healthy") return;
  throw new UserError({
    what: `${name} ${outcome === "ended" ? "ended after its start" : `is not healthy after ${HEALTHY_MS / 1_000} s`}\n${lastLines(place, name)}`,
    where: logFile(place, name),
    remedy: "read the log; slipway sandbox down, then up, begins anew",
  });
}

/** The running process of a component that we started. */
export function running(place: Layout, name: ComponentName): ProcessRecord | undefined {
  return recordedProcess(pidFile(place, name));
}

/** Pids of processes of this sandbox: an executable of ours, and a path below our folder among the arguments. */
export function ownProcesses(place: Layout, executables: readonly string[]): number[] {
  const names = new Set(executables);
  const below = `${place.root}/`;
  return processes()
    .filter(
      ({ argv: [program = "", ...args] }) => names.has(program) && args.some((text) => text.includes(below)),
    )
    .map(({ pid }) => pid);
}

/** The processes that hold one pod each. They are containerd's, but outlive it. */
export function shimProcesses(place: Layout): number[] {
  const shim = findCommand("containerd-shim-runc-v2");
  return shim === undefined ? [] : ownProcesses(place, [shim]);
}

/** Processes of a component that no pid file names: their `up` was killed before it could write it. */
function strays(place: Layout, file: string): number[] {
  return ownProcesses(place, [file]);
}

function fingerprintOf(file: string, { args, reads, memoryLimit }: ComponentCommand): string {
  const { size, mtimeMs } = statSync(realpathSync(file));
  const hash = createHash("sha256").update(JSON.stringify([file, size, mtimeMs, args, memoryLimit]));
  for (const path of reads) hash.update(readFileSync(path));
  return hash.digest("hex");
}

function environment({ memoryLimit }: ComponentCommand): NodeJS.ProcessEnv {
  return {
    PATH: [paths().bin, "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"].join(
      ":",
    ),
    HOME: process.env.HOME ?? "/root",
    ...(memoryLimit === undefined ? {} : { GOMEMLIMIT: memoryLimit }),
  };
}

function lastLines(place: Layout, name: ComponentName): string {
  const file = logFile(place, name);
  return existsSync(file) ? tail(readFileSync(file, "utf8")) : "";
}
