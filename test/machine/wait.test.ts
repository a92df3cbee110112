import { expect, test } from "vitest";
import { waitFor } from "../../machine/wait.ts";

const never = new AbortController().signal;

test("returns the first result that is there", async () => {
  let looks = 0;
  const check = () => (++looks === 3 ? "here" : undefined);
  expect(await waitFor(check, { signal: never, timeoutMs: 10_000, everyMs: 1 })).toBe("here");
  expect(looks).toBe(3);
});

test("gives up when the time is over, after at least one look", async () => {
  let looks = 0;
  expect(await waitFor(() => void looks++, { signal: never, timeoutMs: 0 })).toBeUndefined();
  expect(looks).toBe(1);
});

test("stops when it is aborted, also while it waits", async () => {
  const controller = new AbortController();
  const waiting = waitFor(() => undefined, { signal: controller.signal, timeoutMs: 60_000, everyMs: 60_000 });
  setImmediate(() => controller.abort());
  await expect(waiting).rejects.toThrow("abort");
});

test("passes on what the check throws", async () => {
  const check = () => Promise.reject(new Error("broken"));
  await expect(waitFor(check, { signal: never, timeoutMs: 1_000 })).rejects.toThrow("broken");
});
