import { join } from "node:path";
import { expect, it } from "vitest";
import { acquireLock } from "../../machine/lock.ts";
import { paths } from "../../machine/paths.ts";
import { REPOSITORY } from "../../machine/repository.ts";
import { run } from "../../machine/run.ts";

const slipway = (...args: string[]) =>
  run(process.execPath, [join(REPOSITORY, "cli", "main.ts"), ...args], { allowFailure: true });

it.each([
  [["--help"]],
  [["start", "--help"]],
  [["sandbox", "--help"]],
  [["doctor", "--help"]],
  [["config", "check", "--help"]],
])("%j explains itself with examples, without colours", async (args) => {
  const { exitCode, stdout } = await slipway(...args);
  expect(exitCode).toBe(0);
  expect(stdout).toContain("Examples:");
  expect(stdout).not.toContain("\u001b[");
});

it.each([
  [["snadbox"], "Did you mean sandbox?"],
  [["start", "--jsno"], "Did you mean --json?"],
  [["sandbox", "logs"], "missing required argument"],
  [["sandbox", "logs", "etcd", "-n", "many"], "give a whole number"],
])("%j is wrong usage: exit code 2, and a hint", async (args, hint) => {
  const { exitCode, stderr, stdout } = await slipway(...args);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(hint);
  expect(stdout).toBe("");
});

it("tells a fault as where, what and remedy, exit code 1", async () => {
  const { exitCode, stderr } = await slipway("config", "check", "--stack", "prodution");
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    'error: Pulumi.prodution.yaml: there is no stack "prodution"\n  -> did you mean "production"?',
  );
});

it("prints faults as JSON where JSON was asked for", async () => {
  const { exitCode, stdout } = await slipway("config", "check", "--stack", "prodution", "--json");
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout)).toEqual({
    faults: [
      {
        what: 'there is no stack "prodution"',
        where: "Pulumi.prodution.yaml",
        remedy: 'did you mean "production"?',
      },
    ],
  });
});

it("checks all stack files, one result each", async () => {
  const { stdout } = await slipway("config", "check", "--json");
  const { stacks } = JSON.parse(stdout) as {
    stacks: { stack: string; ok: boolean; faults: { what: string }[] }[];
  };
  expect(stacks.map(({ stack }) => stack)).toEqual(["production", "sandbox", "staging"]);
  expect(stacks.find(({ stack }) => stack === "sandbox")).toMatchObject({ ok: true, faults: [] });
  const others = stacks.filter(({ stack }) => stack !== "sandbox").flatMap(({ faults }) => faults);
  // The repository holds no secrets, so theirs are still to be set; nothing else may be wrong.
  for (const { what } of others) expect(what).toMatch(/^is missing: .* reads it as [A-Z_]+$/);
});

it("refuses a second start while one runs, and says who holds it", async () => {
  const lock = await acquireLock(join(paths().root, "start.lock"), "slipway start");
  try {
    const { exitCode, stderr } = await slipway("start", "--yes");
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`"slipway start" (pid ${process.pid}`);
  } finally {
    await lock.release();
  }
});

it("refuses two clusters at once", async () => {
  const { exitCode, stderr } = await slipway("start", "--context", "a", "--kind");
  expect(exitCode).toBe(1);
  expect(stderr).toContain("--context and --kind exclude each other");
});

it("prints the sandbox's environment as shell commands that hold no secret", async () => {
  const { stdout } = await slipway("sandbox", "env");
  expect(stdout).toMatch(/^export PULUMI_HOME='.*'$/m);
  expect(stdout).toMatch(/^export PULUMI_CONFIG_PASSPHRASE_FILE='.*'$/m);
  expect(stdout).not.toMatch(/PASSPHRASE=/);
});
