import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Release } from "../../infra/config/schema/releases.ts";
import { liveService, route } from "../../infra/slots/model/live.ts";
import { planSlots } from "../../infra/slots/model/plan.ts";
import { liveWeights, type PatchOperation, trafficPatch } from "../../infra/slots/model/traffic.ts";
import { serviceIn } from "../support/config.ts";

const demo = serviceIn("sandbox", "demo");
const tcp = { ...demo, kind: "tcp" as const, steps: [100], hostnames: [] };
const gateway = { name: "slipway", namespace: "gateway-sandbox" };
const r1 = { release: "r1", image: "acme/demo:r1" };
const r2 = { release: "r2", image: "acme/demo:r2" };
const canary = (weight: number): Release => ({
  phase: "canary",
  active: "blue",
  weight,
  blue: r1,
  green: r2,
});

/** The objects as the cluster gives them. */
const liveRoute = (weight: number) => live(route(demo, planSlots(demo, canary(weight)), gateway));
const livePlain = (weight: number) => ({
  ...live(liveService(tcp, planSlots(tcp, canary(weight)))),
  kind: "Service",
});

function live(object: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(object));
}

/** JSON Patch as the API server does it; undefined when a test does not hold. */
function patched(object: unknown, operations: readonly PatchOperation[]): unknown {
  const result = structuredClone(object);
  for (const { op, path, value } of operations) {
    const keys = path.slice(1).split("/");
    const last = keys.pop() ?? "";
    // biome-ignore lint/suspicious/noExplicitAny: a path may lead anywhere
    const parent = keys.reduce<any>((at, key) => at?.[key], result);
    if (parent?.[last] === undefined || (op === "test" && parent[last] !== value)) return undefined;
    if (op === "replace") parent[last] = value;
  }
  return result;
}

describe("moving the traffic of a service behind a gateway", () => {
  test("is one PATCH of both weights, if the route is Slipway's", () => {
    expect(trafficPatch(demo, { blue: 100, green: 0 })).toEqual({
      object: { kind: "httproute.gateway.networking.k8s.io", namespace: "demo-sandbox", name: "demo" },
      head: {
        apiVersion: "gateway.networking.k8s.io/v1",
        kind: "HTTPRoute",
        metadata: { namespace: "demo-sandbox", name: "demo" },
      },
      operations: [
        { op: "test", path: "/spec/rules/0/backendRefs/0/name", value: "demo-blue" },
        { op: "test", path: "/spec/rules/0/backendRefs/1/name", value: "demo-green" },
        { op: "replace", path: "/spec/rules/0/backendRefs/0/weight", value: 100 },
        { op: "replace", path: "/spec/rules/0/backendRefs/1/weight", value: 0 },
      ],
    });
  });

  test("gives the route that the plan of those weights gives", () => {
    const steps = fc.constantFrom(0, 5, 25, 100);
    fc.assert(
      fc.property(steps, steps, (from, to) => {
        const { operations } = trafficPatch(demo, { blue: 100 - to, green: to });
        const after = patched(liveRoute(from), operations);
        expect(after).toEqual(liveRoute(to));
        expect(liveWeights(after)).toEqual({ blue: 100 - to, green: to });
      }),
    );
  });

  test("leaves a route of a foreign shape alone", () => {
    const { operations } = trafficPatch(demo, { blue: 100, green: 0 });
    const other = { ...demo, name: "other" };
    const foreign = live(route(other, planSlots(other, canary(5)), gateway));
    expect(patched(foreign, operations)).toBeUndefined();
    expect(patched({ spec: { rules: [] } }, operations)).toBeUndefined();
  });
});

describe("moving the traffic of a service without a gateway", () => {
  test("is one PATCH of the live Service's selector", () => {
    const { object, operations } = trafficPatch(tcp, { blue: 0, green: 100 });
    expect(object).toEqual({ kind: "service", namespace: "demo-sandbox", name: "demo" });
    expect(patched(livePlain(0), operations)).toEqual(livePlain(100));
    expect(patched({ spec: { selector: { app: "other", slot: "blue" } } }, operations)).toBeUndefined();
  });

  test("knows no shares: the larger one gets everything", () => {
    expect(trafficPatch(tcp, { blue: 60, green: 40 }).operations.at(-1)?.value).toBe("blue");
    expect(trafficPatch(tcp, { blue: 40, green: 60 }).operations.at(-1)?.value).toBe("green");
  });

  test("can be read back", () => {
    expect(liveWeights(livePlain(0))).toEqual({ blue: 100, green: 0 });
    expect(liveWeights(livePlain(100))).toEqual({ blue: 0, green: 100 });
  });
});

describe("weights are not read from", () => {
  const changed = (change: (object: ReturnType<typeof JSON.parse>) => void) => {
    const object = structuredClone(liveRoute(5));
    change(object);
    return object;
  };

  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["another kind", { ...liveRoute(5), kind: "GRPCRoute" }],
    ["a route without rules", changed((object) => (object.spec.rules = []))],
    ["one backend", changed((object) => object.spec.rules[0].backendRefs.pop())],
    ["three backends", changed((object) => object.spec.rules[0].backendRefs.push({ name: "x", weight: 1 }))],
    ["backends in another order", changed((object) => object.spec.rules[0].backendRefs.reverse())],
    ["a backend without a weight", changed((object) => delete object.spec.rules[0].backendRefs[0].weight)],
    ["a Service of something else", { ...livePlain(0), metadata: { name: "other" } }],
    ["a slot that there is not", { ...livePlain(0), spec: { selector: { app: "demo", slot: "red" } } }],
  ])("%s", (_, object) => {
    expect(liveWeights(object)).toBeUndefined();
  });
});
