import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Measurement, SlotFigures } from "../../../release/analysis/measure.ts";
import { compare, judge, type Verdict, type Yardstick } from "../../../release/analysis/verdict.ts";

const yardstick: Yardstick = {
  analysis: {
    window: { milliseconds: 60_000 },
    interval: { milliseconds: 5_000 },
    minRequests: 50,
    errorTolerance: 2,
    latencyTolerance: 100,
    latencyFloor: { milliseconds: 50 },
    maxRestarts: 0,
    hold: { milliseconds: 60_000 },
  },
  objectives: { availability: 99.9, latency: { p95: { milliseconds: 250 } } },
  checks: [],
};

const good: SlotFigures = { slot: "green", requests: 1_000, errors: 0, p95Seconds: 0.04, restarts: 0 };

interface Case {
  readonly candidate?: Partial<SlotFigures>;
  readonly active?: Partial<SlotFigures>;
  readonly checks?: Measurement["checks"];
}

function measured({ candidate, active, checks = [] }: Case): Measurement {
  return {
    windowSeconds: 60,
    countedBy: "gateway",
    candidate: { ...good, ...candidate },
    active: { ...good, slot: "blue", ...active },
    checks,
  };
}

function verdict(figures: Case, change: Partial<Yardstick> = {}): Verdict {
  return judge(measured(figures), { ...yardstick, ...change });
}

describe("a candidate", () => {
  test("as good as the active slot passes, with all the numbers", () => {
    expect(
      verdict({ candidate: { requests: 118 }, active: { requests: 2_204, errors: 2, p95Seconds: 0.05 } }),
    ).toEqual({
      outcome: "pass",
      reasons: [
        "errors 0.0 % of 118 requests; active 0.09 % of 2,204; at most 2.09 % allowed",
        "p95 40 ms; active 50 ms; at most 100 ms allowed",
        "0 container restarts; at most 0 allowed",
      ],
    });
  });

  test("with more errors fails, and only that is said", () => {
    expect(
      verdict({ candidate: { requests: 118, errors: 37 }, active: { requests: 2_000, errors: 2 } }),
    ).toEqual({
      outcome: "fail",
      reasons: ["errors 31.36 % of 118 requests; active 0.1 % of 2,000; at most 2.1 % allowed"],
    });
  });

  test("is held against the objectives where the active slot has too few requests", () => {
    expect(
      verdict({ candidate: { errors: 50, p95Seconds: 0.6 }, active: { requests: 49, errors: 49 } }),
    ).toEqual({
      outcome: "fail",
      reasons: [
        "errors 5.0 % of 1,000 requests; objective 0.1 %; at most 2.1 % allowed",
        "p95 600 ms; objective 250 ms; at most 500 ms allowed",
      ],
    });
  });

  test("is not blamed for what troubles the active slot as well", () => {
    const trouble = { errors: 200, p95Seconds: 2 };
    expect(verdict({ candidate: trouble, active: trouble }).outcome).toBe("pass");
  });

  test("that is slow fails, but never below the floor", () => {
    expect(verdict({ candidate: { p95Seconds: 0.081 } }).reasons).toEqual([
      "p95 81 ms; active 40 ms; at most 80 ms allowed",
    ]);
    expect(verdict({ candidate: { p95Seconds: 0.049 }, active: { p95Seconds: 0.001 } }).outcome).toBe("pass");
    expect(verdict({ candidate: { p95Seconds: 0.051 }, active: { p95Seconds: 0.001 } }).reasons).toEqual([
      "p95 51 ms; active 1 ms; at most 50 ms allowed",
    ]);
  });

  test("whose containers restart fails even without requests", () => {
    expect(verdict({ candidate: { requests: 3, errors: 3, restarts: 1 } })).toEqual({
      outcome: "fail",
      reasons: ["1 container restart; at most 0 allowed"],
    });
  });

  test.each<[string, Case, string]>([
    ["no requests", { candidate: { requests: 0 } }, "no requests in 60 s; at least 50 needed"],
    ["one request", { candidate: { requests: 1, errors: 1 } }, "1 request in 60 s; at least 50 needed"],
    [
      "too few requests",
      { candidate: { requests: 49, errors: 49 } },
      "49 requests in 60 s; at least 50 needed",
    ],
    ["no latency", { candidate: { p95Seconds: undefined } }, "latency is not known"],
    ["no restarts", { candidate: { restarts: undefined } }, "container restarts are not known"],
  ])("without data does not pass: %s", (_, figures, reason) => {
    expect(verdict(figures)).toEqual({ outcome: "no data", reasons: [reason] });
  });

  test("fails by what is known, whatever else is not", () => {
    expect(verdict({ candidate: { errors: 500, p95Seconds: undefined, restarts: undefined } }).outcome).toBe(
      "fail",
    );
  });
});

describe("a failed request by chance", () => {
  test.each<[requests: number, errors: number, outcome: Verdict["outcome"]]>([
    // 2 % of 50 is one; with one more it may still be chance, two more are not.
    [50, 1, "pass"],
    [50, 2, "pass"],
    [50, 3, "fail"],
    [100, 3, "pass"],
    [100, 4, "fail"],
    [10_000, 201, "pass"],
    [10_000, 202, "fail"],
  ])("of %i requests, %i failed: %s", (requests, errors, outcome) => {
    expect(verdict({ candidate: { requests, errors } }).outcome).toBe(outcome);
  });

  test("is said to be one", () => {
    expect(verdict({ candidate: { requests: 50, errors: 2 } }).reasons[0]).toBe(
      "errors 4.0 % of 50 requests; active 0.0 % of 1,000; at most 2.0 % allowed, but 2 failed requests may be chance",
    );
  });

  test("is none where every one of two fails on a service that may not fail", () => {
    const strict = { ...yardstick.analysis, minRequests: 2, errorTolerance: 0 };
    expect(verdict({ candidate: { requests: 2, errors: 2 } }, { analysis: strict }).outcome).toBe("fail");
  });

  test("of a single request, however many are asked for, is no reason to go back", () => {
    const strict = { ...yardstick.analysis, minRequests: 1, errorTolerance: 0 };
    expect(verdict({ candidate: { requests: 1, errors: 1 } }, { analysis: strict }).outcome).toBe("pass");
  });
});

describe("a check of the service's own", () => {
  const checks = [{ name: "orders per minute", query: "orders", min: 10, max: 1_000 }];

  test.each<[number | undefined, Verdict]>([
    [
      10,
      {
        outcome: "pass",
        reasons: expect.arrayContaining([
          "orders per minute 10; at least 10 required, at most 1,000 allowed",
        ]),
      },
    ],
    [1_000, { outcome: "pass", reasons: expect.anything() }],
    [
      9.5,
      { outcome: "fail", reasons: ["orders per minute 9.5; at least 10 required, at most 1,000 allowed"] },
    ],
    [
      Infinity,
      { outcome: "fail", reasons: ["orders per minute ∞; at least 10 required, at most 1,000 allowed"] },
    ],
    [undefined, { outcome: "no data", reasons: ["orders per minute has no value"] }],
  ])("%s", (value, expected) => {
    expect(verdict({ checks: [{ name: "orders per minute", value }] }, { checks })).toEqual(expected);
  });

  test("is no data when nobody measured it", () => {
    expect(verdict({}, { checks }).outcome).toBe("no data");
  });
});

describe("what was compared", () => {
  test("comes with its figures, whether they decided or not", () => {
    const checks = [{ name: "orders", query: "orders", max: 5 }];
    const figures = {
      candidate: { errors: 100, p95Seconds: undefined },
      checks: [{ name: "orders", value: 4 }],
    };
    expect(compare(measured(figures), { ...yardstick, checks })).toMatchObject([
      { about: "errors", name: "error ratio", outcome: "fail", unit: "ratio", candidate: 0.1, limit: 0.02 },
      {
        about: "latency",
        name: "p95 latency",
        outcome: "no data",
        unit: "seconds",
        candidate: undefined,
        limit: 0.08,
      },
      { about: "restarts", name: "restarts", outcome: "pass", unit: "count", candidate: 0, limit: 0 },
      { about: "own check", name: "orders", outcome: "pass", unit: "count", candidate: 4, limit: 5 },
    ]);
  });

  test("is the number of requests where those are too few for anything else", () => {
    expect(compare(measured({ candidate: { requests: 3, restarts: 1 } }), yardstick)).toMatchObject([
      { about: "requests", outcome: "no data", candidate: 3 },
      { about: "restarts", outcome: "fail", candidate: 1 },
    ]);
  });
});

describe("whatever is measured", () => {
  const figures = (slot: "blue" | "green"): fc.Arbitrary<SlotFigures> =>
    fc
      .record({
        requests: fc.nat({ max: 100_000 }),
        failing: fc.double({ min: 0, max: 1, noNaN: true }),
        p95Seconds: fc.option(fc.double({ min: 0, max: 10, noNaN: true }), { nil: undefined }),
        restarts: fc.option(fc.nat({ max: 3 }), { nil: undefined }),
      })
      .map(({ requests, failing, p95Seconds, restarts }) => ({
        slot,
        requests,
        errors: Math.round(requests * failing ** 4),
        p95Seconds,
        restarts,
      }));
  const measurement: fc.Arbitrary<Measurement> = fc.record({
    windowSeconds: fc.integer({ min: 1, max: 300 }),
    countedBy: fc.constantFrom("gateway", "service"),
    candidate: figures("green"),
    active: figures("blue"),
    checks: fc.constant([]),
  });
  const rank = { pass: 0, "no data": 1, fail: 2 };

  test("nothing passes without data", () => {
    fc.assert(
      fc.property(measurement, (measured) => {
        const { outcome } = judge(measured, yardstick);
        const { requests, p95Seconds, restarts } = measured.candidate;
        if (requests < 50 || p95Seconds === undefined || restarts === undefined)
          expect(outcome).not.toBe("pass");
      }),
    );
  });

  test("there is a reason", () => {
    fc.assert(
      fc.property(measurement, (measured) => {
        const { reasons } = judge(measured, yardstick);
        expect(reasons.length).toBeGreaterThan(0);
        for (const reason of reasons) expect(reason).not.toMatch(/NaN|undefined/);
      }),
    );
  });

  test("a candidate that does worse is never judged better", () => {
    const worse = fc.record({
      errors: fc.nat({ max: 1_000 }),
      p95: fc.double({ min: 0, max: 5, noNaN: true }),
      restarts: fc.nat({ max: 2 }),
    });
    fc.assert(
      fc.property(measurement, worse, (measured, more) => {
        const { candidate } = measured;
        const after = {
          ...candidate,
          errors: Math.min(candidate.requests, candidate.errors + more.errors),
          p95Seconds: candidate.p95Seconds === undefined ? undefined : candidate.p95Seconds + more.p95,
          restarts: candidate.restarts === undefined ? undefined : candidate.restarts + more.restarts,
        };
        const before = judge(measured, yardstick).outcome;
        expect(rank[judge({ ...measured, candidate: after }, yardstick).outcome]).toBeGreaterThanOrEqual(
          rank[before],
        );
      }),
    );
  });

  test("a candidate that does what the active slot does never fails", () => {
    fc.assert(
      fc.property(measurement, ({ active, ...measured }) => {
        const same = { ...active, restarts: 0 };
        const { outcome } = judge({ ...measured, active, candidate: { ...same, slot: "green" } }, yardstick);
        if (active.requests >= 50 && active.p95Seconds !== undefined) expect(outcome).toBe("pass");
        else expect(outcome).not.toBe("pass");
      }),
    );
  });
});
