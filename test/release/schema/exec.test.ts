import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { UserError } from "../../../infra/lib/errors.ts";
import { Cluster, NoAnswer, Refused } from "../../../release/cluster.ts";

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Runs a command in a container, by a kubectl that is a shell script. */
async function exec(script: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "slipway-kubectl-"));
  folders.push(folder);
  const kubectl = join(folder, "kubectl");
  writeFileSync(kubectl, `#!/bin/sh\n${script}\n`);
  chmodSync(kubectl, 0o755);
  const container = { namespace: "store-e2e", pod: "g1", container: "store-api" };
  return new Cluster({ kubectl, context: "test" }).exec(container, ["migrate", "version"]);
}

test("all that comes after the dashes is the command's", async () => {
  expect(await exec('echo "$@"')).toBe(
    "--context=test exec g1 --container store-api --namespace store-e2e -- migrate version\n",
  );
});

test("a command that fails is told by its own last line", async () => {
  const fault = await exec(
    'printf "trying\\nECONNREFUSED\\ncommand terminated with exit code 1\\n" >&2; exit 1',
  ).catch((error: unknown) => error);
  expect(fault).toBeInstanceOf(UserError);
  expect(fault).not.toBeInstanceOf(NoAnswer);
  expect((fault as UserError).faults).toEqual([
    { where: "context test: kubectl exec g1", what: "ECONNREFUSED" },
  ]);
});

test("one that fails without a word is told by its exit code", async () => {
  await expect(exec('echo "command terminated with exit code 3" >&2; exit 3')).rejects.toThrow(
    "kubectl exec g1: command terminated with exit code 3",
  );
});

test("a right that is missing is an answer; a connection that is not upgraded is none", async () => {
  await expect(
    exec('echo "Error from server (Forbidden): pods \\"g1\\" is forbidden" >&2; exit 1'),
  ).rejects.toBeInstanceOf(Refused);
  await expect(
    exec('echo "error: unable to upgrade connection: container not found" >&2; exit 1'),
  ).rejects.toBeInstanceOf(NoAnswer);
});
