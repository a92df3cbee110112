import { spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Which process a pid meant when it was written down. A pid alone is not enough: after a crash or a reboot it may
 * belong to somebody else.
 */
export interface ProcessRecord {
  readonly pid: number;
  /** Clock ticks between the machine's start and the process's. */
  readonly startTicks: number;
  /** The kernel's id of this boot: start ticks repeat after a reboot. */
  readonly bootId: string;
  /** What the process was started from (command, files); a different one asks for a restart. */
  readonly fingerprint: string;
}

/** A process to be started detached from this one. */
export interface DetachedCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Receives stdout and stderr; appended to. */
  readonly logFile: string;
  readonly pidFile: string;
  readonly fingerprint: string;
}

/** One line of /proc/PID/stat, as far as we need it. */
export interface ProcessStat {
  readonly state: string;
  readonly startTicks: number;
}

const MAX_LOG_BYTES = 16 * 1024 * 1024;
const POLL_MS = 25;

/** Parses /proc/PID/stat. The program's name stands in brackets and may itself hold brackets and spaces. */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "?", startTicks: Number(fields[19]) };
}

/** The process's state and start, or undefined when there is no such process or only its corpse. */
export function liveProcess(pid: number): ProcessStat | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const found = parseStat(text);
  return found.state === "Z" || found.state === "X" ? undefined : found;
}

/** The kernel's id of the present boot. */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** Whether the recorded process still runs: same boot, same pid, same start. */
export function isSameProcess(record: ProcessRecord): boolean {
  return record.bootId === bootId() && liveProcess(record.pid)?.startTicks === record.startTicks;
}

/** The running process that a pid file names; undefined when the file is missing, damaged or stale. */
export function recordedProcess(pidFile: string): ProcessRecord | undefined {
  const record = parseRecord(readText(pidFile));
  return record !== undefined && isSameProcess(record) ? record : undefined;
}

/** Parses the text of a pid file; undefined when it is not one. */
export function parseRecord(text: string | undefined): ProcessRecord | undefined {
  try {
    const value = JSON.parse(text ?? "") as Partial<ProcessRecord>;
    const { pid, startTicks, bootId: boot, fingerprint } = value;
    if (!Number.isInteger(pid) || !Number.isFinite(startTicks)) return undefined;
    if (typeof boot !== "string" || typeof fingerprint !== "string") return undefined;
    return { pid: pid as number, startTicks: startTicks as number, bootId: boot, fingerprint };
  } catch {
    return undefined;
  }
}

/** Starts a process in a session of its own, so that it outlives this one, and writes its pid file. */
export async function startDetached(options: DetachedCommand): Promise<ProcessRecord> {
  await mkdir(dirname(options.logFile), { recursive: true, mode: 0o700 });
  await mkdir(dirname(options.pidFile), { recursive: true, mode: 0o700 });
  await keepOneOldLog(options.logFile);
  const log = openSync(options.logFile, "a", 0o600);
  try {
    const child = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ["ignore", log, log],
    });
    await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    child.unref();
    const pid = child.pid as number;
    const startTicks = parseStat(readText(`/proc/${pid}/stat`) ?? "").startTicks;
    const record = { pid, startTicks, bootId: bootId(), fingerprint: options.fingerprint };
    await writeWhole(options.pidFile, JSON.stringify(record));
    return record;
  } finally {
    closeSync(log);
  }
}

/** Asks a process to end, waits, and kills it when the time is over. Returns once it is gone. */
export async function stopProcess(process_: { readonly pid: number }, graceMs: number): Promise<void> {
  const start = liveProcess(process_.pid)?.startTicks;
  const alive = () => start !== undefined && liveProcess(process_.pid)?.startTicks === start;
  if (graceMs > 0) {
    if (alive()) signal(process_.pid, "SIGTERM");
    for (const end = Date.now() + graceMs; alive() && Date.now() < end; ) await sleep(POLL_MS);
  }
  while (alive()) {
    signal(process_.pid, "SIGKILL");
    await sleep(POLL_MS);
  }
}

/** A process that runs, with its command line. */
export interface RunningProcess {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** All processes but this one; threads of the kernel, which have no command line, are left out. */
export function processes(): RunningProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .map((name) => ({
      pid: Number(name),
      argv: readText(`/proc/${name}/cmdline`)?.split("\0").slice(0, -1) ?? [],
    }))
    .filter(({ argv }) => argv.length > 0);
}

/** Resident memory of a process in bytes; 0 when it is gone. */
export function residentBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readText(`/proc/${pid}/status`) ?? "")?.[1];
  return Number(kibibytes ?? 0) * 1024;
}

/** Writes a file so that a reader sees the old text or the new one, never a part. */
export async function writeWhole(file: string, text: string, mode = 0o600): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  const handle = await open(temporary, "w", mode);
  try {
    await handle.writeFile(text);
    await handle.chmod(mode);
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function keepOneOldLog(logFile: string): Promise<void> {
  const size = await stat(logFile).then(
    ({ size: bytes }) => bytes,
    () => 0,
  );
  if (size <= MAX_LOG_BYTES) return;
  await rm(`${logFile}.old`, { force: true });
  await rename(logFile, `${logFile}.old`);
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
