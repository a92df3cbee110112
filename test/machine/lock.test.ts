import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { UserError } from "../../infra/lib/errors.ts";
import { acquireLock } from "../../machine/lock.ts";

const name = () => `/tmp/slipway-lock-${randomUUID()}`;
const MODULE = fileURLToPath(new URL("../../machine/lock.ts", import.meta.url));

/** Another process that takes the lock and keeps it. */
async function holder(lock: string) {
  const script = `
    import { acquireLock } from ${JSON.stringify(MODULE)};
    await acquireLock(${JSON.stringify(lock)}, "slipway start");
    console.log("held");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

test("the second to come is told who holds it, and since when", async () => {
  const lock = name();
  const child = await holder(lock);
  const error = await acquireLock(lock, "slipway start").catch((reason: unknown) => reason);
  child.kill("SIGKILL");
  expect(error).toBeInstanceOf(UserError);
  const [fault] = (error as UserError).faults;
  expect(fault?.what).toContain(`"slipway start" (pid ${child.pid}, since 20`);
  expect(fault?.remedy).toContain(`kill ${child.pid}`);
});

test("it is free as soon as its holder is killed", async () => {
  const lock = name();
  const child = await holder(lock);
  child.kill("SIGKILL");
  await once(child, "exit");
  const taken = await acquireLock(lock, "slipway start");
  await taken.release();
});

test("it can be taken again after its release, and not before", async () => {
  const lock = name();
  const first = await acquireLock(lock, "one");
  await expect(acquireLock(lock, "two")).rejects.toThrow(`"one" (pid ${process.pid}`);
  await first.release();
  await (await acquireLock(lock, "three")).release();
});

test("of many that come at once, one gets it", async () => {
  const lock = name();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) => acquireLock(lock, `${index}`)),
  );
  const won = outcomes.filter((outcome) => outcome.status === "fulfilled");
  expect(won).toHaveLength(1);
  await won[0]?.value.release();
});
