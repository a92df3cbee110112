import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findCommand, installPackages, missingPackages } from "../../machine/packages.ts";
import type { StepContext } from "../../machine/steps.ts";

let folder: string;
const context: StepContext = { report: () => {}, signal: new AbortController().signal };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-packages-"));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** Puts an `apt-get` in front of the machine's that writes its arguments to a file and then runs `script`. */
async function standIn(script: string): Promise<() => Promise<string[]>> {
  const log = join(folder, "calls");
  const file = join(folder, "apt-get");
  await writeFile(file, `#!/bin/sh\necho "$DEBIAN_FRONTEND $*" >> ${log}\n${script}\n`);
  await chmod(file, 0o755);
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
  const { readFile } = await import("node:fs/promises");
  return async () => (await readFile(log, "utf8")).trim().split("\n");
}

const pack = (name: string, ...provides: string[]) => ({ name, provides, purpose: "a test" });

test("a package is missing when one of the things that it provides is", () => {
  const there = join(folder, "there");
  const wanted = [
    pack("all-there", "sh", "/bin/sh"),
    pack("no-command", "sh", "no-such-command-anywhere"),
    pack("no-file", there),
  ];
  expect(missingPackages(wanted).map(({ name }) => name)).toEqual(["no-command", "no-file"]);
});

test("findCommand looks where only root's PATH leads", () => {
  expect(findCommand("ip", "/nowhere")).toMatch(/bin\/ip$/);
  expect(findCommand("no-such-command-anywhere")).toBeUndefined();
});

test("packages are installed in one go, without questions", async () => {
  const calls = await standIn("exit 0");
  await installPackages([pack("one"), pack("two")], context);
  const install = (await calls()).at(-1);
  expect(install).toMatch(/^noninteractive .*install --yes --no-install-recommends one two$/);
});

test("old package lists are read anew, once", async () => {
  const calls = await standIn(
    `case "$*" in *update*) touch ${folder}/fresh;; *) test -e ${folder}/fresh;; esac`,
  );
  await installPackages([pack("one")], context);
  expect((await calls()).map((call) => /update|install/.exec(call)?.[0]).slice(-3)).toEqual([
    "install",
    "update",
    "install",
  ]);
});

test("a failure shows apt's last lines and what to do", async () => {
  await standIn('echo "E: no space left on device" >&2; exit 100');
  await expect(installPackages([pack("one")], context)).rejects.toThrow(
    /no space left[\s\S]*-> mend what apt-get says/,
  );
});

test("nothing is called when nothing is wanted", async () => {
  const calls = await standIn("exit 0");
  await installPackages([], context);
  await expect(calls()).rejects.toThrow("ENOENT");
});
