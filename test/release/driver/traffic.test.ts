import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { trafficPatch, type Weights } from "../../../infra/slots/model/traffic.ts";
import { NoAnswer, Refused } from "../../../release/cluster.ts";
import {
  currentWeights,
  formatWeights,
  holdTraffic,
  moveTraffic,
  plannedWeights,
} from "../../../release/driver/traffic.ts";
import type { Happening } from "../../../release/record.ts";
import { serviceIn } from "../../support/config.ts";
import { MemoryCluster } from "../../support/memory-cluster.ts";
import { type Stage, sandboxStage } from "../drill/stage.ts";

const HOME = { blue: 0, green: 100 };
const AWAY = { blue: 100, green: 0 };

let stage: Stage;

beforeEach(async () => {
  stage = await sandboxStage();
});
afterEach(() => stage.remove());

const demo = () => stage.project.service("demo");
const live = () => stage.live("demo");

async function byHand(weights: Weights): Promise<void> {
  const { object, operations } = trafficPatch(demo(), weights);
  await stage.cluster.patch(object, operations);
}

/** A route with which somebody has done something else. */
async function rebuild(): Promise<void> {
  const { object } = trafficPatch(demo(), HOME);
  const route = await stage.cluster.get<{ metadata: { name: string }; spec: { rules: unknown[] } }>(object);
  if (route === undefined) throw new Error("there is no route");
  stage.cluster.put({ ...route, spec: { ...route.spec, rules: route.spec.rules.slice(1) } } as typeof route);
}

describe("moving traffic", () => {
  it("is one PATCH to the shares that the stack file asks for", async () => {
    await byHand(AWAY);
    stage.cluster.calls.length = 0;
    expect(await moveTraffic(stage.project.cluster, demo(), plannedWeights(demo()))).toBe(true);
    expect(stage.cluster.calls).toEqual(["patch HTTPRoute demo"]);
    expect(await currentWeights(stage.project.cluster, demo())).toEqual(HOME);
  });

  it("happens at its time, or never", async () => {
    const time = Promise.withResolvers<void>();
    const moved = moveTraffic(stage.project.cluster, demo(), AWAY, time.promise);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await live()).toEqual(HOME);
    time.resolve();
    expect(await moved).toBe(true);
    expect(await live()).toEqual(AWAY);
    const refused = moveTraffic(stage.project.cluster, demo(), HOME, Promise.reject(new Error("not now")));
    await expect(refused).rejects.toThrow("not now");
    expect(await live()).toEqual(AWAY);
  });

  it("leaves a route alone that somebody has rebuilt, and one that is gone", async () => {
    await rebuild();
    expect(await moveTraffic(stage.project.cluster, demo(), AWAY)).toBe(false);
    expect(await currentWeights(stage.project.cluster, demo())).toBeUndefined();
    await stage.cluster.delete(trafficPatch(demo(), AWAY).object);
    expect(await moveTraffic(stage.project.cluster, demo(), AWAY)).toBe(false);
    expect(await currentWeights(stage.project.cluster, demo())).toBeUndefined();
  });

  it.each([new Refused("Forbidden", "not yours"), new NoAnswer({ what: "connection refused" })])(
    "tells any other answer, or none: %s",
    async (error) => {
      stage.cluster.interfere = () => Promise.reject(error);
      await expect(moveTraffic(stage.project.cluster, demo(), AWAY)).rejects.toBe(error);
    },
  );

  it("turns the selector of a service without a gateway", async () => {
    const tcp = { ...serviceIn("sandbox", "demo"), kind: "tcp" as const };
    const metadata = { name: "demo", namespace: tcp.namespace };
    const selector = { app: "demo", slot: "blue" };
    const cluster = new MemoryCluster({ kind: "Service", metadata, spec: { selector } } as never);
    expect(await moveTraffic(cluster as never, tcp, HOME)).toBe(true);
    expect(await currentWeights(cluster as never, tcp)).toEqual(HOME);
  });
});

it("says shares in words, also where they are not known", () => {
  expect(formatWeights({ blue: 95, green: 5 })).toBe("blue 95 / green 5");
  expect(formatWeights(undefined)).toBe("unknown");
});

describe("holding traffic", () => {
  const happened: Happening[] = [];
  const report = { add: async (happening: Happening) => void happened.push(happening), status: () => {} };
  const notes = () => happened.map((event) => (event.what === "note" ? event.data.text : event.what));

  afterEach(() => {
    happened.length = 0;
  });

  /** Holds while something is done, and a little longer. */
  async function holding(work: () => Promise<unknown>): Promise<void> {
    const over = new AbortController();
    const held = holdTraffic(stage.project, ["demo"], report, over.signal);
    await work().finally(() => over.abort());
    await held;
  }

  it("puts back what somebody has changed, and says so", async () => {
    await byHand({ blue: 40, green: 60 });
    await holding(() => expect.poll(live).toEqual(HOME));
    expect(notes()).toEqual([
      "the route of demo was changed past Slipway (blue 40 / green 60 instead of blue 0 / green 100); put back",
    ]);
  });

  it("changes nothing where all is as it should be", async () => {
    await holding(() => expect.poll(() => stage.cluster.calls.length).toBeGreaterThan(0));
    expect(stage.cluster.calls.filter((call) => call.startsWith("patch"))).toEqual([]);
    expect(notes()).toEqual([]);
  });

  it("leaves the traffic to whoever has changed the stack file", async () => {
    await stage.write((await stage.text()).replace("phase: steady", "phase: rollback"));
    await byHand(AWAY);
    stage.cluster.calls.length = 0;
    await holding(() => expect.poll(() => stage.cluster.calls.length, { timeout: 5_000 }).toBeGreaterThan(1));
    expect(await live()).toEqual(AWAY);
    expect(notes()).toEqual([]);
  });

  it("says once that only the engine can mend a route", async () => {
    await rebuild();
    stage.cluster.calls.length = 0;
    await holding(() => expect.poll(() => stage.cluster.calls.length, { timeout: 5_000 }).toBeGreaterThan(1));
    expect(notes()).toEqual([
      expect.stringContaining("the route of demo was changed past Slipway: it does not share"),
    ]);
  });

  it("outlives an outage", async () => {
    await byHand(AWAY);
    let outages = 2;
    stage.cluster.interfere = async () => {
      if (outages-- > 0) throw new NoAnswer({ what: "connection refused" });
    };
    await holding(() => expect.poll(live, { timeout: 10_000 }).toEqual(HOME));
  });

  it("ends at once, also in the middle of a question that is never answered", async () => {
    stage.cluster.interfere = () => new Promise(() => {});
    const over = new AbortController();
    const held = holdTraffic(stage.project, ["demo"], report, over.signal);
    await expect.poll(() => stage.cluster.calls.length).toBe(1);
    over.abort();
    await held;
    const aborted = AbortSignal.abort();
    await holdTraffic(stage.project, ["demo"], report, aborted);
    expect(stage.cluster.calls).toHaveLength(1);
  });
});
