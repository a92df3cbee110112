import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { installPackages, missingPackages } from "../../machine/packages.ts";
import { paths } from "../../machine/paths.ts";
import { REPOSITORY } from "../../machine/repository.ts";
import { run } from "../../machine/run.ts";
import { findGo, goEnvironment } from "../../toolchain/go.ts";

const SSHD = {
  name: "openssh-server",
  provides: ["sshd"],
  purpose: "the host that the provider's tests connect to",
};
/** Each of these must have run: a test that is gone or skipped does not count as passed. */
const AREAS = ["connection", "copy", "local", "remote command", "schema"];

interface TestEvent {
  readonly Action: string;
  readonly Test?: string;
}

beforeAll(async () => {
  await installPackages(missingPackages([SSHD]), { report: () => {}, signal: new AbortController().signal });
});

it(`the command provider's Go tests pass against a real sshd: ${AREAS.join(", ")}`, async () => {
  const go = await findGo(paths());
  expect(go, "Go is missing: npm start").toBeDefined();
  const { stdout, stderr, exitCode } = await run(
    go as string,
    ["test", "-json", "-count=1", "-trimpath", "./..."],
    {
      cwd: join(REPOSITORY, "toolchain", "command-provider"),
      env: goEnvironment(paths()),
      allowFailure: true,
    },
  );
  const events = stdout
    .split("\n")
    .flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as TestEvent] : []));
  const ended = (action: string) =>
    events.filter(({ Action, Test }) => Action === action && Test !== undefined);
  expect(
    ended("fail").map(({ Test }) => Test),
    stderr,
  ).toEqual([]);
  expect(ended("skip")).toEqual([]);
  expect(exitCode, stderr).toBe(0);
  expect(ended("pass").length).toBeGreaterThan(30);
});
