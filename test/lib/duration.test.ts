import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDuration, parseDuration, toSeconds } from "../../infra/lib/duration.ts";
import { faultsOf } from "../support/faults.ts";

describe("parseDuration", () => {
  test.each([
    ["15m", 900_000],
    ["30d", 2_592_000_000],
    ["1w", 604_800_000],
    ["1h30m", 5_400_000],
    ["250ms", 250],
    ["5m5ms", 300_005],
    ["0s", 0],
  ])("reads %s", (text, milliseconds) => {
    expect(parseDuration(text)).toEqual({ milliseconds });
  });

  test.each(["", "m", "15 m", "15M", "1m1h", "-5m", "1.5h", "15 minutes", "99999999999999999w"])(
    "refuses %j",
    (text) => {
      expect(faultsOf(() => parseDuration(text))).toEqual([
        `"${text}" is not a duration\n  -> write a number and a unit (ms, s, m, h, d, w), such as "30s", "15m" or "30d"`,
      ]);
    },
  );

  test("says that a bare number lacks its unit", () => {
    expect(faultsOf(() => parseDuration("15"))[0]).toMatch(
      /^"15" has no unit\n {2}-> write a number and a unit/,
    );
  });
});

describe("formatDuration", () => {
  test.each([
    ["30d", "30d"],
    ["90m", "1h30m"],
    ["1w", "7d"],
    ["61s", "1m1s"],
    ["0s", "0s"],
  ])("writes %s as %s", (text, written) => {
    expect(formatDuration(parseDuration(text))).toBe(written);
  });

  test("is read back as the same duration, whatever it is", () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 ** 12 }), (milliseconds) => {
        expect(parseDuration(formatDuration({ milliseconds }))).toEqual({ milliseconds });
      }),
    );
  });
});

test("toSeconds rounds up: a grace period must never come out shorter", () => {
  expect(toSeconds(parseDuration("1500ms"))).toBe(2);
  expect(toSeconds(parseDuration("2s"))).toBe(2);
});
