import fc from "fast-check";
import { expect, it } from "vitest";
import { quantile, report, summarise } from "../../bench/statistics.ts";

it("takes quantiles by the nearest rank", () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2);
  expect(quantile([1, 2, 3, 4, 5], 0.95)).toBe(5);
  expect(quantile([7], 0.95)).toBe(7);
  expect(() => quantile([], 0.5)).toThrow("no values");
});

it("keeps median <= p95 <= max, all of them measured values", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1 }), (values) => {
      const { median, p95, max } = summarise(values);
      expect(median).toBeLessThanOrEqual(p95);
      expect(p95).toBeLessThanOrEqual(max);
      expect(values).toEqual(expect.arrayContaining([median, p95, max]));
    }),
  );
});

it("reports a figure with its peers", () => {
  expect(
    report({ name: "x", unit: "s", samples: [1, 2.0004, 3], limit: 4, peers: { kubectl: [5] } }),
  ).toEqual({
    median: 2,
    p95: 3,
    max: 3,
    unit: "s",
    runs: 3,
    limit: 4,
    peers: { kubectl: { median: 5, p95: 5, max: 5 } },
  });
});
