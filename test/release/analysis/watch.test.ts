import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { UserError } from "../../../infra/lib/errors.ts";
import type { Measurement } from "../../../release/analysis/measure.ts";
import { PrometheusUnavailable } from "../../../release/analysis/prometheus.ts";
import type { Outcome, Verdict } from "../../../release/analysis/verdict.ts";
import { type Clock, type Look, type Watched, watchStep } from "../../../release/analysis/watch.ts";

const analysis = {
  window: { milliseconds: 20_000 },
  interval: { milliseconds: 2_000 },
  hold: { milliseconds: 10_000 },
};

const figures = { slot: "green", requests: 100, errors: 0, p95Seconds: 0.01, restarts: 0 } as const;

function measured(windowSeconds: number): Measurement {
  return {
    windowSeconds,
    countedBy: "gateway",
    candidate: figures,
    active: { ...figures, slot: "blue" },
    checks: [],
  };
}

function judged(outcome: Outcome): Verdict {
  return { outcome, reasons: ["so it is"] };
}

/** Time that passes only while somebody sleeps or works. */
class TestClock implements Clock {
  time = 1_000;

  now(): number {
    return this.time;
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    // Real timers are early at times.
    this.time += milliseconds - 0.4;
  }
}

interface Run {
  readonly watched: Watched;
  readonly looks: readonly Look[];
  /** The windows that were asked for. */
  readonly windows: readonly number[];
}

/**
 * Watches a step in which `outcomeAt` says how things are at a second of it; `takes` is how long a measurement takes.
 */
async function watch(outcomeAt: (second: number) => Outcome | "away", takes = 0): Promise<Run> {
  const clock = new TestClock();
  const looks: Look[] = [];
  const windows: number[] = [];
  const watched = await watchStep({
    analysis,
    clock,
    signal: new AbortController().signal,
    measure: async (windowSeconds) => {
      windows.push(windowSeconds);
      const outcome = outcomeAt((clock.time - 1_000) / 1_000);
      clock.time += takes;
      if (outcome === "away") throw new PrometheusUnavailable("ECONNREFUSED");
      return { ...measured(windowSeconds), checks: [{ name: outcome, value: 1 }] };
    },
    judge: ({ checks }) => judged(checks[0]?.name as Outcome),
    onLook: (look) => looks.push(look),
  });
  return { watched, looks, windows };
}

describe("a step", () => {
  test("passes at the end of the window, not before, over a window that grows with it", async () => {
    const { watched, windows } = await watch(() => "pass");
    expect(watched).toMatchObject({ outcome: "pass", reasons: ["so it is"], looks: 10 });
    expect(Math.floor(watched.seconds)).toBe(20);
    expect(windows).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
    expect(watched.measurement?.windowSeconds).toBe(20);
  });

  test("fails at the first look that fails", async () => {
    const { watched } = await watch((second) => (second < 5 ? "pass" : "fail"));
    expect(watched).toMatchObject({ outcome: "fail", looks: 3 });
  });

  test("fails at a look after the window as well", async () => {
    const { watched } = await watch((second) => (second < 23 ? "no data" : "fail"));
    expect(watched).toMatchObject({ outcome: "fail", looks: 12 });
  });

  test("waits for data after the window and passes with the first look that has them", async () => {
    const { watched, windows } = await watch((second) => (second < 25 ? "no data" : "pass"));
    expect(watched).toMatchObject({ outcome: "pass", looks: 13 });
    expect(windows.slice(9)).toEqual([20, 20, 20, 20]);
  });

  test("without data ends without, at the end of the hold", async () => {
    const { watched } = await watch(() => "no data");
    expect(watched).toMatchObject({ outcome: "no data", looks: 15 });
    expect(Math.round(watched.seconds)).toBe(30);
  });

  test("does not pass on what it saw before Prometheus went away", async () => {
    const { watched } = await watch((second) => (second < 19 ? "pass" : "away"));
    expect(watched).toMatchObject({
      outcome: "no data",
      reasons: ["Prometheus cannot be asked: ECONNREFUSED"],
      measurement: undefined,
    });
  });

  test("goes on when Prometheus comes back", async () => {
    const { watched, looks } = await watch((second) => (second > 5 && second < 12 ? "away" : "pass"));
    expect(watched.outcome).toBe("pass");
    expect(looks.map(({ outcome }) => outcome)).toEqual([
      "pass",
      "pass",
      "no data",
      "no data",
      "no data",
      "pass",
      "pass",
      "pass",
      "pass",
      "pass",
    ]);
  });

  test("looks less often where a look takes long, and passes with the first one after the window", async () => {
    const { watched, looks } = await watch(() => "pass", 3_000);
    expect(looks.map(({ seconds }) => Math.round(seconds))).toEqual([2, 6, 10, 14, 18, 22]);
    expect(watched.outcome).toBe("pass");
  });
});

describe("what ends the watch", () => {
  const watchOnce = (measure: () => Promise<Measurement>, signal: AbortSignal) =>
    watchStep({
      analysis: { window: { milliseconds: 20 }, interval: { milliseconds: 5 }, hold: { milliseconds: 0 } },
      measure,
      signal,
      judge: () => judged("pass"),
      onLook: () => {},
    });

  test("is a query that is wrong", async () => {
    const wrong = new UserError({ what: "no PromQL" });
    await expect(watchOnce(() => Promise.reject(wrong), new AbortController().signal)).rejects.toBe(wrong);
  });

  test("is an interruption, also while Prometheus does not answer", async () => {
    const controller = new AbortController();
    const started = Promise.withResolvers<void>();
    const never = () => {
      started.resolve();
      return new Promise<Measurement>(() => {});
    };
    const watched = watchOnce(never, controller.signal);
    await started.promise;
    controller.abort(new Error("stop"));
    await expect(watched).rejects.toThrow("stop");
  });

  test("is an interruption, also between two looks", async () => {
    const controller = new AbortController();
    const watched = watchStep({
      analysis,
      measure: async (seconds) => measured(seconds),
      signal: controller.signal,
      judge: () => judged("pass"),
      onLook: () => {},
    });
    await sleep(5);
    const why = new Error("stop");
    controller.abort(why);
    await expect(watched).rejects.toBe(why);
  });

  test("is the machine's own time where no other is given", async () => {
    const { outcome, seconds } = await watchOnce(async () => measured(1), new AbortController().signal);
    expect(outcome).toBe("pass");
    expect(seconds).toBeGreaterThanOrEqual(0.02);
  });
});
