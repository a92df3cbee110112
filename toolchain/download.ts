import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { UserError } from "../infra/lib/errors.ts";

/** Longest silence of a server before a transfer counts as dead. */
const STALL_MS = 20_000;
const PROBE_MS = 3_000;

/** The server cannot be reached, answers with an error, or went silent: another source may be tried. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/** Settings of the transfers; tests shorten the waits. */
export interface Transfer {
  readonly signal: AbortSignal;
  /** Called with the bytes so far and, where the server tells it, the whole size. */
  readonly onProgress?: (bytes: number, total?: number) => void;
  readonly stallMs?: number;
}

/**
 * Where an address is fetched from: `$SLIPWAY_DOWNLOAD_MIRROR/HOST/PATH` where that variable is set, else itself.
 */
export function mirrored(url: string, env: NodeJS.ProcessEnv = process.env): string {
  const mirror = env.SLIPWAY_DOWNLOAD_MIRROR;
  if (mirror === undefined) return url;
  const { host, pathname } = new URL(url);
  return `${mirror.replace(/\/+$/, "")}/${host}${pathname}`;
}

/** Whether the server of an address answers at all within three seconds. */
export async function reachable(url: string): Promise<boolean> {
  try {
    await fetch(new URL("/", mirrored(url)), { method: "HEAD", signal: AbortSignal.timeout(PROBE_MS) });
    return true;
  } catch {
    return false;
  }
}

/** Fetches a file whole or not at all; returns its SHA-256 (hex). Throws {@link UnreachableError}. */
export async function fetchFile(url: string, target: string, transfer: Transfer): Promise<string> {
  await mkdir(dirname(target), { recursive: true });
  const partial = `${target}.partial`;
  const hash = createHash("sha256");
  try {
    await withStallGuard(url, transfer, async (response, alive) => {
      const total = Number(response.headers.get("content-length")) || undefined;
      let bytes = 0;
      const count = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          alive();
          hash.update(chunk);
          bytes += chunk.length;
          transfer.onProgress?.(bytes, total);
          done(null, chunk);
        },
      });
      if (response.body === null) throw new UnreachableError(`${url}: empty answer`);
      await pipeline(Readable.fromWeb(response.body), count, createWriteStream(partial));
    });
    await rename(partial, target);
    return hash.digest("hex");
  } finally {
    await rm(partial, { force: true });
  }
}

/** Fetches a text. Throws {@link UnreachableError}. */
export async function fetchText(url: string, transfer: Transfer): Promise<string> {
  return withStallGuard(url, transfer, (response) => response.text());
}

/**
 * The SHA-256 that a publisher's list gives for a file.
 * @throws UserError when the list has no such line.
 */
export function checksumFor(list: string, file: string, listUrl: string): string {
  const lines = list.split("\n").map((line) => line.trim().split(/\s+/));
  const named = lines.find(([, name]) => name !== undefined && basename(name.replace(/^\*/, "")) === file);
  const bare = lines.length >= 1 && lines[0]?.length === 1 ? lines[0] : undefined;
  const hash = (named ?? bare)?.[0];
  if (hash === undefined || !/^[0-9a-f]{64}$/i.test(hash)) {
    throw new UserError({
      what: `no SHA-256 for ${file} in the publisher's list`,
      where: listUrl,
      remedy: "Report this: the release may have been changed. Nothing was installed from it.",
    });
  }
  return hash.toLowerCase();
}

/** Fetches a file and compares it with the publisher's checksum; a wrong one removes the file and is an error. */
export async function fetchVerified(
  url: string,
  checksums: string,
  target: string,
  transfer: Transfer,
): Promise<void> {
  const wanted = checksumFor(
    await fetchText(checksums, transfer),
    basename(new URL(url).pathname),
    checksums,
  );
  const got = await fetchFile(url, target, transfer);
  if (got === wanted) return;
  await rm(target, { force: true });
  throw new UserError({
    what: `wrong checksum: the publisher says sha256 ${wanted}, the file has ${got}`,
    where: url,
    remedy:
      "The file was thrown away. Try again; if it stays wrong, a proxy or the release was tampered with.",
  });
}

async function withStallGuard<T>(
  url: string,
  { signal, stallMs = STALL_MS }: Transfer,
  use: (response: Response, alive: () => void) => Promise<T>,
): Promise<T> {
  const stalled = new AbortController();
  let timer = setTimeout(() => stalled.abort(), stallMs);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stalled.abort(), stallMs);
  };
  try {
    const response = await fetch(mirrored(url), { signal: AbortSignal.any([signal, stalled.signal]) });
    if (!response.ok) throw new UnreachableError(`${url}: HTTP ${response.status}`);
    return await use(response, alive);
  } catch (error) {
    if (signal.aborted || error instanceof UserError || error instanceof UnreachableError) throw error;
    const why = stalled.signal.aborted ? `no data for ${stallMs / 1000} s` : describe(error);
    throw new UnreachableError(`${url}: ${why}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function describe(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error ? cause.message : String(error instanceof Error ? error.message : error);
}
