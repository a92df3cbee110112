import fc from "fast-check";
import { expect, it } from "vitest";
import { quantile } from "../../infra/lib/quantile.ts";

it("takes quantiles by the nearest rank", () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2);
  expect(quantile([1, 2, 3, 4, 5], 0.95)).toBe(5);
  expect(quantile([7], 0.95)).toBe(7);
  expect(() => quantile([], 0.5)).toThrow("no values");
});

it("leaves at least the wanted share of values below or at it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer(), { minLength: 1 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, share) => {
        const found = quantile(values, share);
        expect(values).toContain(found);
        const below = values.filter((value) => value <= found).length;
        expect(below / values.length).toBeGreaterThanOrEqual(share - 1e-9);
      },
    ),
  );
});
