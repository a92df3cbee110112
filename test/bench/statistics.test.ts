import fc from "fast-check";
import { expect, it } from "vitest";
import { report, summarise } from "../../bench/statistics.ts";

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

it("reports a figure with its peers, each with its own number of runs", () => {
  const peers = { kubectl: [5, 6], helm: "not there: no npm" };
  expect(report({ name: "x", unit: "s", samples: [1, 2.0004, 3], limit: 4, peers })).toEqual({
    median: 2,
    p95: 3,
    max: 3,
    unit: "s",
    runs: 3,
    limit: 4,
    peers: { kubectl: { median: 5, p95: 6, max: 6, runs: 2 }, helm: "not there: no npm" },
  });
});

it("says which limit was missed", () => {
  const figure = { name: "x", unit: "ms", samples: [1, 1, 9], limit: 5 } as const;
  expect(report(figure)).not.toHaveProperty("missed");
  expect(report({ ...figure, limitOn: "max" })).toMatchObject({ limitOn: "max", missed: true });
  expect(report({ ...figure, limit: 9, limitOn: "max" })).not.toHaveProperty("missed");
  expect(report({ ...figure, limit: 0 })).toHaveProperty("missed", true);
});
