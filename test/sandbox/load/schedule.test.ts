import fc from "fast-check";
import { expect, test } from "vitest";
import { connectionOf, schedule } from "../../../sandbox/load/schedule.ts";

const rates = fc.integer({ min: 1, max: 1_000 });

test("sends the first request at once and the others one period apart", () => {
  const { dueAt, dueBy } = schedule(1_000, 4);
  expect([dueAt(0), dueAt(1), dueAt(4)]).toEqual([1_000, 1_250, 2_000]);
  expect([dueBy(999), dueBy(1_000), dueBy(1_249), dueBy(1_250), dueBy(2_000)]).toEqual([0, 1, 1, 2, 5]);
});

test("after a pause of any length, exactly the requests of that time are due", () => {
  fc.assert(
    fc.property(rates, fc.integer({ min: 0, max: 600_000 }), (rate, elapsed) => {
      const { dueAt, dueBy } = schedule(0, rate);
      const due = dueBy(elapsed);
      expect(Math.abs(due - 1 - (elapsed * rate) / 1000)).toBeLessThanOrEqual(1);
      expect(dueAt(due - 1)).toBeLessThanOrEqual(elapsed + 1e-6);
      expect(dueAt(due)).toBeGreaterThan(elapsed - 1e-6);
    }),
  );
});

test("takes each kind of connection in turn", () => {
  expect([0, 1, 2, 3].map((index) => connectionOf(index, "both"))).toEqual([
    "keep-alive",
    "new",
    "keep-alive",
    "new",
  ]);
  expect([0, 1].map((index) => connectionOf(index, "new"))).toEqual(["new", "new"]);
});
