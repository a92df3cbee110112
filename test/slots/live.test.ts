import { describe, expect, test } from "vitest";
import type { Release } from "../../infra/config/schema/releases.ts";
import { liveService, route } from "../../infra/slots/model/live.ts";
import { planSlots } from "../../infra/slots/model/plan.ts";
import { serviceIn } from "../support/config.ts";

const demo = serviceIn("sandbox", "demo");
const gateway = { name: "slipway", namespace: "gateway-staging" };

const r1 = { release: "r1", image: "acme/demo:r1" };
const r2 = { release: "r2", image: "acme/demo:r2" };
const steady: Release = { phase: "steady", active: "blue", blue: r1, green: r2 };
const canary: Release = { phase: "canary", active: "blue", weight: 5, blue: r1, green: r2 };
const rollback: Release = { phase: "rollback", active: "blue", blue: r1, green: r2 };

describe("the route", () => {
  const backends = (release: Release) =>
    route(demo, planSlots(demo, release), gateway).spec.rules[0]?.backendRefs;

  test.each<[string, Release, number, number]>([
    ["steady", steady, 100, 0],
    ["in a canary", canary, 95, 5],
    ["on the way back", rollback, 100, 0],
  ])("names both slots with every field, %s", (_, release, blue, green) => {
    expect(backends(release)).toEqual([
      { group: "", kind: "Service", name: "demo-blue", port: 80, weight: blue },
      { group: "", kind: "Service", name: "demo-green", port: 80, weight: green },
    ]);
  });

  test("differs between two steps in the numbers of its first rule only", () => {
    const numbers = /"weight":\d+/g;
    const text = (release: Release) => JSON.stringify(route(demo, planSlots(demo, release), gateway));
    const [five, more] = [text(canary), text({ ...canary, weight: 25 })];
    expect(more).not.toBe(five);
    expect(more.replace(numbers, "")).toBe(five.replace(numbers, ""));
    expect(more.match(numbers)?.at(-1)).toBe(five.match(numbers)?.at(-1));
  });

  test.each<[string, Release, string]>([
    ["steady: what everybody gets", steady, "demo-blue"],
    ["in a canary: the candidate, with or without a share", { ...canary, weight: 0 }, "demo-green"],
    ["promoted: what everybody gets", { ...steady, active: "green" }, "demo-green"],
    ["on the way back: what everybody gets", rollback, "demo-blue"],
    ["at the first release: what there is", { phase: "steady", active: "green", green: r1 }, "demo-green"],
  ])("sends testers, %s", (_, release, service) => {
    expect(route(demo, planSlots(demo, release), gateway).spec.rules[1]).toEqual({
      matches: [
        {
          path: { type: "PathPrefix", value: "/" },
          headers: [{ type: "Exact", name: "x-slipway-release", value: "candidate" }],
        },
      ],
      backendRefs: [{ group: "", kind: "Service", name: service, port: 80, weight: 1 }],
    });
  });

  test("attaches to the environment's gateway under the service's names", () => {
    expect(route(demo, planSlots(demo, steady), gateway).spec).toMatchObject({
      parentRefs: [
        {
          group: "gateway.networking.k8s.io",
          kind: "Gateway",
          namespace: "gateway-staging",
          name: "slipway",
        },
      ],
      hostnames: ["demo.localhost"],
    });
  });

  test("takes its fields back from whoever patched them in an emergency", () => {
    expect(route(demo, planSlots(demo, steady), gateway).metadata.annotations).toEqual({
      "pulumi.com/patchForce": "true",
    });
  });
});

describe("the live Service of a service without a gateway", () => {
  const tcp = { ...demo, kind: "tcp" as const, steps: [100], hostnames: [] };
  const live = (release: Release) => liveService(tcp, planSlots(tcp, release));

  test("sends every connection to the slot that has the traffic", () => {
    expect(live(steady)).toEqual({
      metadata: {
        name: "demo",
        labels: expect.not.objectContaining({ app: expect.anything() }),
        annotations: { "pulumi.com/skipAwait": "true", "pulumi.com/patchForce": "true" },
      },
      spec: {
        type: "ClusterIP",
        selector: { app: "demo", slot: "blue" },
        ports: [{ name: "http", port: 8080, targetPort: "http", protocol: "TCP" }],
      },
    });
  });

  test.each<[string, Release, string]>([
    ["a candidate without traffic", { ...canary, weight: 0 }, "blue"],
    ["a candidate with all of it", { ...canary, weight: 100 }, "green"],
    ["promoted", { ...steady, active: "green" }, "green"],
    ["taken back", rollback, "blue"],
  ])("%s", (_, release, slot) => {
    expect(live(release).spec.selector.slot).toBe(slot);
  });
});
