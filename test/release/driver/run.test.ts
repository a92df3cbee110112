import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Release } from "../../../infra/config/schema/releases.ts";
import { UserError } from "../../../infra/lib/errors.ts";
import type { ResolvedService } from "../../../infra/services/resolve.ts";
import { PrometheusUnavailable } from "../../../release/analysis/prometheus.ts";
import { Failed, Run } from "../../../release/driver/run.ts";
import { withCandidate, withWeight } from "../../../release/model/states.ts";
import type { StepData } from "../../../release/record.ts";
import { sandboxStage } from "../drill/stage.ts";
import { HEALTHY, hasten, type Rig, rigOf } from "./rig.ts";

const never = new AbortController().signal;
const r3 = { release: "r3", image: "slipway.local/demo:r3" };

let rig: Rig;
let run: Run;

beforeEach(async () => {
  rig = rigOf(await sandboxStage());
  const report = {
    add: async (happening: Rig["happened"][number]) => void rig.happened.push(happening),
    status: () => {},
  };
  const { project, engine, prometheus, control } = rig;
  run = new Run({ project, engine, prometheus, report, signal: control.signal });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rig.remove();
});

const demo = (): ResolvedService => rig.project.service("demo");

function canary(weight: number): Release {
  return withWeight(withCandidate(demo().release, r3, 5), weight);
}

/** The failure that some work ends with. */
async function failureOf(work: Promise<unknown>): Promise<Failed> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Failed)) throw new Error(`did not fail, but ended with ${error}`);
  return error;
}

describe("the engine's failures", () => {
  it.each<[string, string, string]>([
    [
      "kubernetes:batch/v1:Job demo-green-smoke-r3-5: error: smoke test of r3 in green: health: HTTP 500; 1 of 2 failed (see logs)",
      "smoke test",
      "smoke test of r3 in green: health: HTTP 500; 1 of 2 failed",
    ],
    ["Job paws360-backend-migration-r42 failed", "database", "Job paws360-backend-migration-r42 failed"],
    ["Deployment demo-green: timed out", "not ready", "Deployment demo-green: timed out"],
    ["the passphrase is wrong", "engine", "the passphrase is wrong"],
  ])("%s", async (message, cause, reason) => {
    rig.trouble = () => Promise.reject(new UserError({ what: message }));
    expect(await failureOf(run.up("promote"))).toMatchObject({ because: cause, message: reason });
  });

  it("of our own making are not explained away", async () => {
    rig.trouble = () => Promise.reject(new TypeError("x is undefined"));
    await expect(run.up("promote")).rejects.toThrow(TypeError);
  });

  it("give way to the reason of whoever stopped it", async () => {
    rig.trouble = async () => {
      rig.control.abort(new UserError({ what: "the lock went to bob" }));
      throw new UserError({ what: "update cancelled" });
    };
    await expect(run.up("promote")).rejects.toThrow("the lock went to bob");
    await expect(run.bringUp("r3", [demo()])).rejects.toThrow("the lock went to bob");
  });
});

it("writes no entry any more once it is stopped", async () => {
  const before = await rig.text();
  rig.control.abort(new UserError({ what: "the lock went to bob" }));
  await expect(run.save({ demo: canary(0) })).rejects.toThrow("the lock went to bob");
  expect(await rig.text()).toBe(before);
});

it("tells the shares that candidates have now", async () => {
  await run.save({ demo: canary(5) });
  await run.move("5 % of the traffic", [demo()]);
  expect(rig.happened.at(-1)).toEqual({
    what: "traffic",
    data: { service: "demo", slot: "blue", weight: 5 },
  });
  expect(await rig.live("demo")).toEqual({ blue: 5, green: 95 });
});

describe("bringing candidates up", () => {
  beforeEach(() => run.save({ demo: canary(0) }));

  /** A pod of the candidate that will never come up. */
  function crash(): void {
    rig.cluster.put({
      kind: "Pod",
      metadata: {
        name: "demo-blue-1",
        namespace: "demo-sandbox",
        labels: { app: "demo", slot: "blue", "app.kubernetes.io/version": "r3" },
      },
      status: {
        containerStatuses: [
          { name: "demo", ready: false, restartCount: 2, state: { waiting: { reason: "CrashLoopBackOff" } } },
        ],
      },
    } as never);
  }

  /** An engine that waits for pods until it is stopped. */
  function waitForPods(): void {
    rig.trouble = (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(new UserError({ what: "update cancelled" })));
      });
  }

  it("is over when the engine is", async () => {
    await run.bringUp("r3 of demo into blue", [demo()]);
    expect(rig.effects).toEqual(["up: r3 of demo into blue"]);
  });

  it("stops the engine at pods that will never come up, and says why", async () => {
    crash();
    waitForPods();
    expect(await failureOf(run.bringUp("r3", [demo()]))).toMatchObject({
      because: "not ready",
      message: expect.stringContaining("demo: pod demo-blue-1 does not stay up: 2 restarts"),
    });
  });

  it("says what the engine says, when that knows better", async () => {
    rig.trouble = () => Promise.reject(new UserError({ what: "exceeded quota" }));
    expect(await failureOf(run.bringUp("r3", [demo()]))).toMatchObject({
      because: "engine",
      message: "exceeded quota",
    });
  });
});

describe("watching a candidate", () => {
  beforeEach(async () => {
    await hasten(rig);
    await run.save({ demo: canary(5) });
    await run.move("5 %", [demo()]);
    rig.happened.length = 0;
  });

  function step(): StepData {
    const found = rig.happened.find(({ what }) => what === "step");
    if (found?.what !== "step") throw new Error("no step on record");
    return found.data;
  }

  it("passes one that is as good as the active release, with the numbers of both on record", async () => {
    await run.watch(demo(), never);
    expect(step()).toMatchObject({ service: "demo", weight: 5, verdict: "pass", requests: 500 });
    expect(step().comparisons).toContainEqual(
      expect.objectContaining({ unit: "ratio", verdict: "pass", candidate: 0, active: 0 }),
    );
  });

  it.each<[string, Partial<typeof HEALTHY>, string]>([
    ["errors", { errors: 100 }, "errors"],
    ["latency", { p95: 4 }, "latency"],
    ["restarts", { restarts: 3 }, "restarts"],
  ])("fails one with %s, at once and with that as the cause", async (_, worse, cause) => {
    rig.figures = { green: HEALTHY, blue: { ...HEALTHY, ...worse } };
    const failure = await failureOf(run.watch(demo(), never));
    expect(failure.because).toBe(cause);
    expect(failure.message).toMatch(/^demo r3 at 5 %: fail: /);
    expect(step()).toMatchObject({ verdict: "fail", because: failure.message.split("fail: ")[1] });
  });

  it("never passes one that nobody asks", async () => {
    rig.figures = { green: HEALTHY, blue: { ...HEALTHY, requests: 0 } };
    expect(await failureOf(run.watch(demo(), never))).toMatchObject({ because: "no data" });
    expect(step().verdict).toBe("no data");
  });

  it("never passes one that Prometheus cannot say anything about", async () => {
    const { project, engine, report, signal } = run;
    const prometheus = { query: () => Promise.reject(new PrometheusUnavailable("connection refused")) };
    const blind = new Run({ project, engine, report, signal, prometheus });
    expect(await failureOf(blind.watch(demo(), never))).toMatchObject({
      because: "no data",
      message: expect.stringContaining("Prometheus cannot be asked: connection refused"),
    });
    expect(step()).toMatchObject({ requests: 0, comparisons: [] });
  });

  it("ends with the reason of whoever stops it, without a verdict", async () => {
    const stop = new AbortController();
    const watching = run.watch(demo(), stop.signal);
    stop.abort(new Failed("errors", "the other part failed"));
    await expect(watching).rejects.toThrow("the other part failed");
    expect(rig.happened.filter(({ what }) => what === "step")).toEqual([]);
  });
});
