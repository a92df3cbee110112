import { mkdir, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { platform } from "node:os";
import { dirname } from "node:path";
import { UserError } from "../infra/lib/errors.ts";

/** Who holds a lock. */
export interface LockHolder {
  readonly pid: number;
  /** The command that took it: `slipway sandbox up`. */
  readonly what: string;
  /** ISO 8601. */
  readonly since: string;
}

/** A lock that this process holds. */
export interface Lock {
  release(): Promise<void>;
}

const ANSWER_MS = 1_000;

/**
 * Takes a lock for the life of this process, or throws a {@link UserError} that names the holder's pid at once.
 * The lock is a socket that listens: the kernel frees it with the process, however that ends, so there is no stale lock
 * to wait for. Whoever finds it taken asks the socket who holds it.
 * @param name an absolute path that names the lock; on Linux no file is made.
 * @param what the command, for the message of the one who comes second.
 */
export async function acquireLock(name: string, what: string): Promise<Lock> {
  const address = await lockAddress(name);
  const holder: LockHolder = { pid: process.pid, what, since: new Date().toISOString() };
  const server = await listen(address, holder);
  if (server !== undefined) return { release: () => close(server) };
  const other = await askHolder(address);
  if (other === "nobody") {
    await rm(address, { force: true });
    const second = await listen(address, holder);
    if (second !== undefined) return { release: () => close(second) };
  }
  throw new UserError(busyFault(name, other === "nobody" ? undefined : other));
}

function busyFault(name: string, holder: LockHolder | undefined) {
  const who =
    holder === undefined ? "another process" : `"${holder.what}" (pid ${holder.pid}, since ${holder.since})`;
  return {
    what: `${who} is at work here`,
    where: name,
    remedy:
      holder === undefined
        ? "wait until it has ended"
        : `wait until it has ended, or stop it: kill ${holder.pid}`,
  };
}

/** Linux has socket names that need no file and vanish with their owner; elsewhere the socket is a file. */
async function lockAddress(name: string): Promise<string> {
  if (platform() === "linux") return `\0slipway-lock:${name}`;
  await mkdir(dirname(name), { recursive: true });
  return name;
}

/** Listens, or returns undefined when somebody else does. */
function listen(address: string, holder: LockHolder): Promise<Server | undefined> {
  const server = createServer((socket) => socket.on("error", () => {}).end(JSON.stringify(holder)));
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
    server.listen(address, () => {
      server.unref();
      resolve(server);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** "nobody" when the socket is a left-over file; undefined when the holder does not answer in time. */
function askHolder(address: string): Promise<LockHolder | "nobody" | undefined> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(address);
    socket.setTimeout(ANSWER_MS, () => socket.destroy());
    socket.on("data", (data) => {
      text += data.toString();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED") resolve("nobody");
    });
    socket.on("close", () => resolve(parseHolder(text)));
  });
}

function parseHolder(text: string): LockHolder | undefined {
  try {
    return JSON.parse(text) as LockHolder;
  } catch {
    return undefined;
  }
}
