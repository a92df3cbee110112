import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatCpu,
  formatMemory,
  formatResources,
  parseCpu,
  parseMemory,
  parsePercent,
} from "../../infra/lib/quantity.ts";
import { faultsOf } from "../support/faults.ts";

describe("CPU", () => {
  test.each([
    ["250m", 250],
    ["1", 1_000],
    ["1.5", 1_500],
    ["0.001", 1],
  ])("reads %s as %d millicores", (text, millicores) => {
    expect(parseCpu(text)).toEqual({ millicores });
  });

  test.each([
    ["512Mi", '"512Mi" is an amount of memory, not of CPU'],
    ["250mc", '"250mc" is not an amount of CPU'],
    ["0.0001", '"0.0001" is not an amount of CPU'],
    ["", '"" is not an amount of CPU'],
  ])("refuses %j", (text, what) => {
    expect(faultsOf(() => parseCpu(text))).toEqual([
      `${what}\n  -> write millicores or cores, such as "250m", "1" or "1.5"`,
    ]);
  });

  test("is written as Kubernetes keeps it", () => {
    expect(formatCpu({ millicores: 250 })).toBe("250m");
    expect(formatCpu({ millicores: 2_000 })).toBe("2");
  });

  test("comes back the same, whatever it is", () => {
    fc.assert(
      fc.property(fc.nat(), (millicores) => {
        expect(parseCpu(formatCpu({ millicores }))).toEqual({ millicores });
      }),
    );
  });
});

describe("memory", () => {
  test.each([
    ["512Mi", 512 * 1024 ** 2],
    ["1Gi", 1024 ** 3],
    ["2Ti", 2 * 1024 ** 4],
    ["64Ki", 64 * 1024],
  ])("reads %s as %d bytes", (text, bytes) => {
    expect(parseMemory(text)).toEqual({ bytes });
  });

  test.each([
    ["512m", '"512m" is an amount of CPU (millicores), not of memory'],
    ["512", '"512" has no unit'],
    ["512M", '"512M" is not an amount of memory'],
    ["0.5Gi", '"0.5Gi" is not an amount of memory'],
    ["99999999Ti", '"99999999Ti" is not an amount of memory'],
  ])("refuses %j", (text, what) => {
    expect(faultsOf(() => parseMemory(text))).toEqual([
      `${what}\n  -> write a whole number and Ki, Mi, Gi or Ti, such as "512Mi"`,
    ]);
  });

  test("is written in the largest unit that fits", () => {
    expect(formatMemory(parseMemory("1024Mi"))).toBe("1Gi");
    expect(formatMemory(parseMemory("1536Mi"))).toBe("1536Mi");
    expect(formatMemory({ bytes: 1_000 })).toBe("1000");
  });

  test("comes back the same for every whole number of Ki", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 }), (kibibytes) => {
        const bytes = kibibytes * 1024;
        expect(parseMemory(formatMemory({ bytes }))).toEqual({ bytes });
      }),
    );
  });
});

test("a percentage needs its sign", () => {
  expect(parsePercent("99.9%")).toBe(99.9);
  expect(faultsOf(() => parsePercent("99.9"))).toEqual([
    '"99.9" is not a percentage\n  -> write it with its sign, such as "99.9%"',
  ]);
});

test("resources leave out a CPU limit that is not given", () => {
  const requests = { cpu: parseCpu("50m"), memory: parseMemory("64Mi") };
  expect(formatResources({ requests, limits: { memory: parseMemory("128Mi") } })).toEqual({
    requests: { cpu: "50m", memory: "64Mi" },
    limits: { memory: "128Mi" },
  });
  expect(formatResources({ requests, limits: requests }).limits).toEqual({ cpu: "50m", memory: "64Mi" });
});
