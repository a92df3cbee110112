import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  checksumFor,
  fetchFile,
  fetchVerified,
  mirrored,
  reachable,
  UnreachableError,
} from "../../toolchain/download.ts";
import { hangs, StandIn } from "./stand-in.ts";

const FILE = "https://downloads.example/v1/tool.bin";
const LIST = "https://downloads.example/v1/sums.txt";
const CONTENT = "the tool";
const HASH = createHash("sha256").update(CONTENT).digest("hex");
const transfer = { signal: new AbortController().signal, stallMs: 300 };

let standIn: StandIn;
let folder: string;

async function serve(answers: Parameters<typeof StandIn.start>[0]) {
  standIn = await StandIn.start(answers);
  vi.stubEnv("SLIPWAY_DOWNLOAD_MIRROR", standIn.url);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-download-"));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await standIn?.stop();
  await rm(folder, { recursive: true });
});

describe("fetchVerified", () => {
  it("stores a file whose checksum is the publisher's", async () => {
    await serve({
      "/downloads.example/v1/tool.bin": CONTENT,
      "/downloads.example/v1/sums.txt": `${HASH}  tool.bin\n`,
    });
    await fetchVerified(FILE, LIST, join(folder, "tool"), transfer);
    expect(await readFile(join(folder, "tool"), "utf8")).toBe(CONTENT);
    expect(standIn.requests).toEqual(["/downloads.example/v1/sums.txt", "/downloads.example/v1/tool.bin"]);
  });

  it("refuses a file with another checksum and leaves nothing", async () => {
    await serve({
      "/downloads.example/v1/tool.bin": "evil",
      "/downloads.example/v1/sums.txt": `${HASH}  tool.bin\n`,
    });
    const attempt = fetchVerified(FILE, LIST, join(folder, "tool"), transfer);
    await expect(attempt).rejects.toThrow(
      /tool\.bin: wrong checksum: the publisher says sha256 .* thrown away/s,
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it("gives up on a connection that goes silent and leaves nothing", async () => {
    await serve({
      "/downloads.example/v1/tool.bin": hangs,
      "/downloads.example/v1/sums.txt": `${HASH}  tool.bin\n`,
    });
    const attempt = fetchVerified(FILE, LIST, join(folder, "tool"), transfer);
    await expect(attempt).rejects.toThrow(new UnreachableError(`${FILE}: no data for 0.3 s`));
    expect(await readdir(folder)).toEqual([]);
  });

  it("reports a missing file with its status", async () => {
    await serve({ "/downloads.example/v1/sums.txt": `${HASH}  tool.bin\n` });
    const attempt = fetchVerified(FILE, LIST, join(folder, "tool"), transfer);
    await expect(attempt).rejects.toThrow(new UnreachableError(`${FILE}: HTTP 404`));
  });

  it("stops at once when it is aborted", async () => {
    await serve({ "/downloads.example/v1/tool.bin": hangs });
    const controller = new AbortController();
    const attempt = fetchFile(FILE, join(folder, "tool"), { signal: controller.signal });
    await vi.waitFor(() => expect(existsSync(join(folder, "tool.partial"))).toBe(true));
    controller.abort();
    await expect(attempt).rejects.toThrow(/abort/i);
    expect(await readdir(folder)).toEqual([]);
  });

  it("reports progress with the whole size", async () => {
    await serve({
      "/downloads.example/v1/tool.bin": (response) => response.setHeader("content-length", 8).end(CONTENT),
    });
    const seen: unknown[] = [];
    await fetchFile(FILE, join(folder, "tool"), {
      ...transfer,
      onProgress: (...progress) => seen.push(progress),
    });
    expect(seen.at(-1)).toEqual([8, 8]);
  });
});

describe("checksumFor", () => {
  const other = "0".repeat(64);
  it.each([
    ["a list", `${other}  other.bin\n${HASH}  tool.bin\n`],
    ["a list with binary marks", `${HASH} *tool.bin\n`],
    ["a list with paths", `${HASH}  ./dist/tool.bin\n`],
    ["a bare hash", `${HASH}\n`],
    ["capital letters", `${HASH.toUpperCase()}  tool.bin\n`],
  ])("reads %s", (_what, text) => {
    expect(checksumFor(text, "tool.bin", LIST)).toBe(HASH);
  });

  it.each([
    ["a list without the file", `${other}  other.bin\n`],
    ["a shorter hash", `${"0".repeat(40)}  tool.bin\n`],
    ["an error page", "<html>not found</html>"],
    ["nothing", ""],
  ])("refuses %s", (_what, text) => {
    expect(() => checksumFor(text, "tool.bin", LIST)).toThrow(
      "no SHA-256 for tool.bin in the publisher's list",
    );
  });
});

it("sends every address to the mirror when one is set", () => {
  const url = "https://dl.example/a/b";
  expect(mirrored(url, {})).toBe(url);
  expect(mirrored(url, { SLIPWAY_DOWNLOAD_MIRROR: "http://mirror:1/x/" })).toBe(
    "http://mirror:1/x/dl.example/a/b",
  );
});

it("finds a server reachable when it answers, whatever it answers", async () => {
  await serve({});
  expect(await reachable(FILE)).toBe(true);
  vi.stubEnv("SLIPWAY_DOWNLOAD_MIRROR", "http://127.0.0.1:1");
  expect(await reachable(FILE)).toBe(false);
});
