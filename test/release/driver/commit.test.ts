import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { run } from "../../../machine/run.ts";
import { commitStackFile } from "../../../release/commit.ts";
import { finishedRun, startedRun } from "../../../release/record.ts";
import { atSecond, DEPLOY } from "../record/runs.ts";

const FILE = "Pulumi.production.yaml";
const record = finishedRun(
  startedRun(DEPLOY, "20261121T143000Z-demo-r7", atSecond(0)),
  { outcome: "succeeded" },
  atSecond(90),
);

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-commit-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function git(...args: string[]): Promise<string> {
  const { stdout } = await run("git", ["-C", folder, ...args]);
  return stdout;
}

const commit = () => commitStackFile({ folder, stack: "production", env: {} }, record);

it("commits the stack file and nothing else, with what the run did as the message", async () => {
  await git("init", "--quiet");
  await git("config", "user.name", "Ann Smith");
  await git("config", "user.email", "ann@example.org");
  for (const name of [FILE, "other.txt", "staged.txt"]) await writeFile(join(folder, name), "before\n");
  await git("add", ".");
  await git("commit", "--quiet", "--message", "first");
  for (const name of [FILE, "other.txt", "staged.txt"]) await writeFile(join(folder, name), "after\n");
  await git("add", "staged.txt");
  await commit();
  expect(await git("show", "--format=%B", "--name-only")).toBe(
    `production: deploy of demo r7 succeeded after 90 s\n\nRun 20261121T143000Z-demo-r7\n\n\n${FILE}`,
  );
  expect(await git("status", "--short")).toBe(" M other.txt\nM  staged.txt");
});

it("says what is left to do where there is no repository", async () => {
  await writeFile(join(folder, FILE), "x\n");
  await expect(commit()).rejects.toThrow("the stack file is changed but not committed: commit it by hand");
});
