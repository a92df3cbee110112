import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  bootId,
  isSameProcess,
  liveProcess,
  parseRecord,
  parseStat,
  processes,
  recordedProcess,
  residentBytes,
  startDetached,
  stopProcess,
  writeWhole,
} from "../../machine/processes.ts";

let folder: string;
const started: number[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-processes-"));
});

afterEach(async () => {
  for (const pid of started.splice(0)) await stopProcess({ pid }, 0);
  await rm(folder, { recursive: true });
});

async function startNode(script: string, fingerprint = "a") {
  const record = await startDetached({
    command: process.execPath,
    args: ["-e", script],
    env: {},
    cwd: folder,
    logFile: join(folder, "logs", "it.log"),
    pidFile: join(folder, "run", "it.json"),
    fingerprint,
  });
  started.push(record.pid);
  return record;
}

describe("parseStat", () => {
  const rest = `S 1 2 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 0 0`;

  test("reads state and start", () => {
    expect(parseStat(`42 (node) ${rest}`)).toEqual({ state: "S", startTicks: 987_654 });
  });

  test("is not misled by a name with brackets and spaces", () => {
    expect(parseStat(`42 (a) R (b) ${rest}`)).toEqual({ state: "S", startTicks: 987_654 });
  });
});

describe("pid files", () => {
  test("name the process that was started, and no other", async () => {
    const record = await startNode("setInterval(() => {}, 1000)");
    const pidFile = join(folder, "run", "it.json");
    expect(recordedProcess(pidFile)).toEqual(record);
    expect(isSameProcess({ ...record, startTicks: record.startTicks - 1 })).toBe(false);
    expect(isSameProcess({ ...record, bootId: "another boot" })).toBe(false);
  });

  test("of an ended process are stale", async () => {
    const record = await startNode("setInterval(() => {}, 1000)");
    await stopProcess(record, 0);
    expect(recordedProcess(join(folder, "run", "it.json"))).toBeUndefined();
  });

  test("whose pid now belongs to somebody else are stale", async () => {
    const file = join(folder, "pid.json");
    const stranger = { pid: process.pid, startTicks: 1, bootId: bootId(), fingerprint: "a" };
    await writeFile(file, JSON.stringify(stranger));
    expect(recordedProcess(file)).toBeUndefined();
  });

  test.each([
    "",
    "{",
    "null",
    '"x"',
    "[]",
    '{"pid":1}',
    '{"pid":"1","startTicks":1,"bootId":"b","fingerprint":"f"}',
  ])("with the text %j are ignored", (text) => expect(parseRecord(text)).toBeUndefined());

  test("that are missing are ignored", () => {
    expect(recordedProcess(join(folder, "nothing.json"))).toBeUndefined();
  });
});

describe("startDetached", () => {
  test("puts the process into a session of its own and its output into the log", async () => {
    const record = await startNode("console.log('hello'); console.error('oh'); setInterval(() => {}, 1000)");
    const session = Number(
      (await readFile(`/proc/${record.pid}/stat`, "utf8")).split(") ")[1]?.split(" ")[3],
    );
    expect(session).toBe(record.pid);
    await expect.poll(() => readFile(join(folder, "logs", "it.log"), "utf8")).toBe("hello\noh\n");
  });

  test("fails when the program does not exist", async () => {
    const options = { args: [], env: {}, cwd: folder, fingerprint: "a" };
    const files = { logFile: join(folder, "l"), pidFile: join(folder, "p") };
    await expect(startDetached({ command: "/no/such/program", ...options, ...files })).rejects.toThrow(
      "ENOENT",
    );
  });
});

describe("stopProcess", () => {
  test("lets a process end by itself", async () => {
    const record = await startNode(
      "process.on('SIGTERM', () => { console.log('bye'); process.exit(0) }); console.log('up'); setInterval(() => {}, 1000)",
    );
    await expect.poll(() => readFile(join(folder, "logs", "it.log"), "utf8")).toBe("up\n");
    await stopProcess(record, 10_000);
    expect(await readFile(join(folder, "logs", "it.log"), "utf8")).toBe("up\nbye\n");
  });

  test("kills one that does not want to", async () => {
    const record = await startNode(
      "process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)",
    );
    await expect.poll(() => readFile(join(folder, "logs", "it.log"), "utf8")).toBe("up\n");
    await stopProcess(record, 100);
    expect(liveProcess(record.pid)).toBeUndefined();
  });

  test("does nothing to one that is gone", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await new Promise((resolve) => child.once("exit", resolve));
    await stopProcess({ pid: child.pid as number }, 0);
  });
});

test("processes are known by their arguments, this one left out", async () => {
  const marker = join(folder, "marker");
  const { pid } = await startNode(`'${marker}'; setInterval(() => {}, 1000)`);
  const found = processes().filter(({ argv }) => argv.some((text) => text.includes(marker)));
  expect(found.map((other) => other.pid)).toEqual([pid]);
  expect(processes().map((other) => other.pid)).not.toContain(process.pid);
});

test("residentBytes is the memory of a process, and 0 without one", () => {
  expect(residentBytes(process.pid)).toBeGreaterThan(1_000_000);
  expect(residentBytes(2 ** 30)).toBe(0);
});

test("writeWhole sets the mode, also of a file that was there", async () => {
  const file = join(folder, "secret");
  await writeFile(file, "old", { mode: 0o644 });
  await writeWhole(file, "new");
  const { stat } = await import("node:fs/promises");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readFile(file, "utf8")).toBe("new");
});
