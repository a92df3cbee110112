import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UserError } from "../../../infra/lib/errors.ts";
import { run } from "../../../machine/run.ts";
import type { RunRecord } from "../../../release/record.ts";
import { closeUnfinished, Recorder, readRecords } from "../../../release/recorder.ts";
import { atSecond, DEPLOY, GOING_BACK, GROUP, START, traffic } from "./runs.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-record-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A clock that is one second later at every look. */
function ticking(): () => Date {
  let seconds = -1;
  return () => {
    seconds += 1;
    return atSecond(seconds);
  };
}

async function onDisk(id: string): Promise<RunRecord> {
  return JSON.parse(await readFile(join(folder, `${id}.json`), "utf8"));
}

async function everything(): Promise<string> {
  const names = await readdir(folder);
  return (await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")))).join("\n");
}

test("every event is in the file before the next one happens", async () => {
  const recorder = await Recorder.start(folder, DEPLOY, [], ticking());
  const { id } = recorder.record;
  expect(await onDisk(id)).toMatchObject({ id: "20261121T143000Z-demo-r7", events: [], figures: {} });
  await recorder.add(traffic("demo", "green", 5));
  expect(await onDisk(id)).toEqual(recorder.record);
  expect(recorder.record.events).toEqual([{ at: atSecond(1).toISOString(), ...traffic("demo", "green", 5) }]);
  await recorder.finish({ outcome: "succeeded" });
  expect(await onDisk(id)).toMatchObject({
    outcome: "succeeded",
    finishedAt: atSecond(2).toISOString(),
    figures: { seconds: 2 },
  });
  await recorder.add({
    what: "notified",
    data: { deliveries: [{ channel: "slack", ok: true, detail: "x" }] },
  });
  expect((await onDisk(id)).events).toHaveLength(2);
  expect(await readFile(join(folder, `${id}.md`), "utf8")).toMatch(
    /^# Deploy of demo r7 to production: succeeded\n/,
  );
  expect((await readdir(folder)).sort()).toEqual([`${id}.json`, `${id}.md`]);
});

test("events that nobody waits for are written in their order", async () => {
  const recorder = await Recorder.start(folder, DEPLOY, [], ticking());
  const weights = Array.from({ length: 30 }, (_, weight) => weight);
  await Promise.all(weights.map((weight) => recorder.add(traffic("demo", "green", weight))));
  const { events } = await onDisk(recorder.record.id);
  expect(events.map((event) => event.what === "traffic" && event.data.weight)).toEqual(weights);
});

test("two runs of one second have records of their own", async () => {
  const records = await Promise.all([1, 2, 3].map(() => Recorder.start(folder, DEPLOY, [], () => START)));
  const ids = records.map(({ record }) => record.id).sort();
  expect(ids).toEqual(["", "-2", "-3"].map((suffix) => `20261121T143000Z-demo-r7${suffix}`));
  expect((await readRecords(folder)).map(({ id }) => id).sort()).toEqual(ids);
});

describe("a run that is killed", () => {
  test("leaves what it knew; the next one finds it and closes it once", async () => {
    const killed = `
      const { Recorder } = await import("${new URL("../../../release/recorder.ts", import.meta.url)}");
      const recorder = await Recorder.start(process.argv[1], ${JSON.stringify(DEPLOY)}, []);
      await recorder.add(${JSON.stringify(traffic("demo", "green", 25))});
      recorder.add(${JSON.stringify(GOING_BACK)});
      process.kill(process.pid, "SIGKILL");`;
    const args = ["--input-type=module", "--eval", killed, folder];
    const ran = await run(process.execPath, args, { allowFailure: true });
    expect(ran).toMatchObject({ exitCode: -1, stderr: "" });
    const [found, ...others] = await readRecords(folder, "demo");
    expect(others).toEqual([]);
    expect(found?.finishedAt).toBeUndefined();
    expect(found?.events[0]).toMatchObject(traffic("demo", "green", 25));

    const closed = await closeUnfinished(folder, found as RunRecord, "20261121T150000Z-demo-r8");
    expect(closed).toMatchObject({
      outcome: "stopped",
      cause: "interrupted",
      reason: "its process ended without a word; found by 20261121T150000Z-demo-r8",
      finishedAt: found?.events.at(-1)?.at,
    });
    expect(await onDisk(closed.id)).toEqual(closed);
    expect(await closeUnfinished(folder, closed, "another")).toBe(closed);
  });
});

describe("reading", () => {
  test("gives the oldest first, of one service or of all", async () => {
    await Recorder.start(folder, GROUP, [], () => atSecond(10));
    await Recorder.start(folder, DEPLOY, [], () => atSecond(5));
    expect((await readRecords(folder)).map(({ name }) => name)).toEqual(["demo", "paws360"]);
    expect((await readRecords(folder, "paws360-frontend")).map(({ name }) => name)).toEqual(["paws360"]);
    expect(await readRecords(folder, "nobody")).toEqual([]);
  });

  test("passes over what is no record, and a folder that is not there yet has none", async () => {
    await writeFile(join(folder, "empty.json"), "");
    await writeFile(join(folder, "other.json"), '{"version": 2, "id": "x"}');
    await Recorder.start(folder, DEPLOY, [], () => START);
    expect(await readRecords(folder)).toHaveLength(1);
    expect(await readRecords(join(folder, "missing"))).toEqual([]);
  });
});

describe("a folder that cannot be written to", () => {
  test("is told before anything is done", async () => {
    await writeFile(join(folder, "file"), "");
    await expect(Recorder.start(join(folder, "file"), DEPLOY, [])).rejects.toThrow(UserError);
  });

  test("does not stop a run in the middle of it; its end tells", async () => {
    const recorder = await Recorder.start(folder, DEPLOY, []);
    await rm(folder, { recursive: true });
    await recorder.add(traffic("demo", "green", 5));
    await expect(recorder.finish({ outcome: "succeeded" })).rejects.toThrow(
      `${folder}: a run's record could not be written (ENOENT)`,
    );
  });
});

describe("secrets", () => {
  const SECRETS = ["canary-password-7f3a9c", "canary-token-1b2c3d"];

  test("come into no file, from whatever text", async () => {
    const [password = "", token = ""] = SECRETS;
    const recorder = await Recorder.start(folder, { ...DEPLOY, ticket: `https://x/?key=${token}` }, SECRETS);
    await recorder.add({ what: "note", data: { text: `connect: password=${password} refused` } });
    await recorder.add({
      what: "failed state captured",
      data: { secret: { data: { PASSWORD: Buffer.from(password).toString("base64") } } },
    });
    await recorder.finish({ outcome: "failed", cause: "engine", reason: `401 for Bearer ${token}` });
    expect(await everything()).not.toMatch(/canary|Y2FuYXJ5/);
    expect(recorder.record.reason).toBe("401 for Bearer [secret]");
  });

  test("that are known later only are taken out of what is written already", async () => {
    const recorder = await Recorder.start(folder, DEPLOY, []);
    await recorder.add({ what: "note", data: { text: `password=${SECRETS[0]}` } });
    expect(await everything()).toContain("canary");
    await recorder.hide(SECRETS);
    expect(await everything()).not.toContain("canary");
    await recorder.add({ what: "note", data: { text: `token=${SECRETS[1]}` } });
    expect(await everything()).not.toContain("canary");
  });

  test("that are everybody's words leave the record readable", async () => {
    const recorder = await Recorder.start(folder, DEPLOY, ["production", "ghcr.io"]);
    await recorder.add({ what: "note", data: { text: "production is fine" } });
    expect(recorder.record).toMatchObject({
      environment: "production",
      events: [{ data: { text: "production is fine" } }],
    });
  });
});
