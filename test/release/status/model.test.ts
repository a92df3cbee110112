import { describe, expect, it } from "vitest";
import type { Release } from "../../../infra/config/schema/releases.ts";
import { SLOTS } from "../../../infra/lib/names.ts";
import type { ResolvedService } from "../../../infra/services/resolve.ts";
import { trafficPatch, type Weights } from "../../../infra/slots/model/traffic.ts";
import type { KubernetesObject } from "../../../release/cluster.ts";
import { taken } from "../../../release/lease.ts";
import { type ServiceFacts, type StackFacts, shortImage, statusOf } from "../../../release/status/model.ts";
import { configOf, serviceIn } from "../../support/config.ts";
import { MemoryCluster } from "../../support/memory-cluster.ts";
import { liveDeployment, liveRoute } from "../preflight/live-objects.ts";

const config = configOf("sandbox");
const NOON = new Date("2026-11-21T12:00:00Z");
const digest = (letter: string) => `slipway.local/demo@sha256:${letter.repeat(64)}`;
const r1 = { release: "r1", image: digest("a") };
const r2 = { release: "r2", image: digest("b") };
const CANARY: Release = { phase: "canary", active: "blue", weight: 5, gate: 25, blue: r1, green: r2 };
const STEADY: Release = { phase: "steady", active: "blue", blue: r1, green: r2 };
const LEASE = taken("sandbox", undefined, { holder: "ana@laptop 17", doing: "deploy demo r2" }, NOON);

function demo(release: Release): ResolvedService {
  return { ...serviceIn("sandbox", "demo"), release };
}

/** A service that is what its entry says. */
function healthy(service: ResolvedService): ServiceFacts {
  return {
    service,
    route: { value: liveRoute(config, service) },
    deployments: { value: SLOTS.map((slot) => liveDeployment(service, slot)) },
    traffic: {
      value: {
        blue: { requestsPerSecond: 19, errorRatio: 0.001 },
        green: { requestsPerSecond: 0, errorRatio: undefined },
      },
    },
  };
}

function factsOf(services: readonly ServiceFacts[], other: Partial<StackFacts> = {}): StackFacts {
  return {
    stack: "sandbox",
    environment: "sandbox",
    gateway: { ...config.gateway, publicPort: 18_080 },
    at: NOON,
    windowSeconds: 20,
    lock: { value: undefined },
    records: { value: [] },
    services,
    ...other,
  };
}

function statusFor(facts: ServiceFacts, other: Partial<StackFacts> = {}) {
  const status = statusOf(factsOf([facts], other));
  const [service] = status.services;
  if (service === undefined) throw new Error("no service");
  return { ...status, service };
}

/** The route as somebody's `kubectl patch` leaves it. */
async function movedTo(service: ResolvedService, weights: Weights): Promise<KubernetesObject | undefined> {
  const cluster = new MemoryCluster(liveRoute(config, service));
  const { object, operations } = trafficPatch(service, weights);
  await cluster.patch(object, operations);
  return cluster.get(object);
}

it("tells both slots as they should be and as they are", () => {
  const { service, ok, missing } = statusFor(healthy(demo(CANARY)));
  expect(service).toMatchObject({
    service: "demo",
    phase: "canary",
    active: "blue",
    gate: 25,
    drift: [],
    ok: true,
  });
  expect(service.slots.blue).toEqual({
    role: "active",
    release: "r1",
    image: "aaaaaaaaaaaa",
    ready: 2,
    wanted: 2,
    planned: 95,
    live: 95,
    requestsPerSecond: 19,
    errorRatio: 0.001,
  });
  expect(service.slots.green).toEqual({
    role: "candidate",
    release: "r2",
    image: "bbbbbbbbbbbb",
    ready: 2,
    wanted: 2,
    planned: 5,
    live: 5,
    requestsPerSecond: 0,
  });
  expect({ ok, missing }).toEqual({ ok: true, missing: [] });
});

it("is plain data: what is printed as JSON is all there is", () => {
  const status = statusOf(factsOf([healthy(demo(CANARY))], { lock: { value: LEASE } }));
  expect(JSON.parse(JSON.stringify(status))).toEqual(status);
});

it("leaves out what an empty slot does not have", () => {
  const { blue: _, ...rest } = STEADY;
  const { service } = statusFor(healthy(demo({ ...rest, active: "green" })));
  expect(service.slots.blue).toEqual({
    role: "empty",
    ready: 0,
    wanted: 0,
    planned: 0,
    live: 0,
    requestsPerSecond: 19,
    errorRatio: 0.001,
  });
  expect(service).not.toHaveProperty("gate");
});

describe("testers", () => {
  it("get the candidate with a header, at the service's public address", () => {
    expect(statusFor(healthy(demo(CANARY))).service.testers).toEqual({
      release: "r2",
      command: "curl --header 'x-slipway-release: candidate' http://demo.localhost:18080/",
    });
  });

  it.each<[string, ResolvedService]>([
    ["without a candidate", demo(STEADY)],
    ["after it was taken back", demo({ ...STEADY, phase: "rollback" })],
    ["without a host name", { ...demo(CANARY), hostnames: [] }],
  ])("get nothing of their own %s", (_, service) => {
    expect(statusFor(healthy(service)).service).not.toHaveProperty("testers");
  });
});

describe("drift", () => {
  it("is a route that somebody moved by hand", async () => {
    const service = demo(STEADY);
    const route = { value: await movedTo(service, { blue: 40, green: 60 }) };
    const found = statusFor({ ...healthy(service), route });
    expect(found.service.slots.green).toMatchObject({ planned: 0, live: 60 });
    expect(found.service.drift).toEqual([
      {
        what: "the route was changed by hand: blue 40 / green 60, the stack file says blue 100 / green 0",
        remedy: expect.stringContaining("pulumi up"),
      },
    ]);
    expect([found.service.ok, found.ok]).toEqual([false, false]);
  });

  it("is a route that is gone", () => {
    const found = statusFor({ ...healthy(demo(STEADY)), route: { value: undefined } });
    expect(found.service.drift.map(({ what }) => what)).toEqual(["there is no route demo in demo-sandbox"]);
    expect(found.service.slots.blue).not.toHaveProperty("live");
    expect(found.ok).toBe(false);
  });

  it("is an image that the stack file does not name", () => {
    const service = demo(STEADY);
    const other = { ...service, release: { ...STEADY, green: { ...r2, image: digest("c") } } };
    const deployments = { value: [liveDeployment(service, "blue"), liveDeployment(other, "green")] };
    const found = statusFor({ ...healthy(service), deployments });
    expect(found.service.drift.map(({ what }) => what)).toEqual([
      `green runs ${digest("c")}, the stack file says ${digest("b")}`,
    ]);
    expect(found.ok).toBe(false);
  });

  it("is none while a run holds the lock: that is what moves things", async () => {
    const service = demo(CANARY);
    const facts = { ...healthy(service), route: { value: await movedTo(service, { blue: 100, green: 0 }) } };
    expect(statusFor(facts).ok).toBe(false);
    const found = statusFor(facts, { lock: { value: LEASE } });
    expect(found.service).toMatchObject({ drift: [], ok: true });
    expect(found.lock).toEqual({
      state: "held",
      by: "ana@laptop 17 (deploy demo r2, since 2026-11-21T12:00:00Z)",
      doing: "deploy demo r2",
    });
  });
});

it("is not well without a ready pod of the active release, whatever the other slot has", () => {
  const service = demo(STEADY);
  const [blue, green] = SLOTS.map((slot) => liveDeployment(service, slot));
  if (blue === undefined || green === undefined) throw new Error("two slots");
  const unready = { ...blue, status: { observedGeneration: 1 } };
  const found = statusFor({ ...healthy(service), deployments: { value: [unready, green] } });
  expect(found.service.slots.blue).toMatchObject({ ready: 0, wanted: 2 });
  expect(found.ok).toBe(false);
  const idle = { ...green, status: { observedGeneration: 1 } };
  expect(statusFor({ ...healthy(service), deployments: { value: [blue, idle] } }).ok).toBe(true);
});

describe("what does not answer", () => {
  const facts = healthy(demo(CANARY));

  it("takes the figures with it, and nothing else: Prometheus", () => {
    const found = statusFor({ ...facts, traffic: { why: "Prometheus: no answer" } });
    expect(found.service.slots.blue).toMatchObject({ live: 95, ready: 2 });
    expect(found.service.slots.blue).not.toHaveProperty("requestsPerSecond");
    expect(found.missing).toEqual([{ what: ["requests and errors of demo"], why: "Prometheus: no answer" }]);
    expect(found.ok).toBe(true);
  });

  it("is told once for each reason: the cluster", () => {
    const why = "connection refused";
    const found = statusFor(
      { service: facts.service, route: { why }, deployments: { why }, traffic: { why } },
      { lock: { why } },
    );
    expect(found.missing).toEqual([
      {
        what: [
          "who holds the release lock",
          "live shares of demo",
          "pods of demo",
          "requests and errors of demo",
        ],
        why,
      },
    ]);
    expect(found.lock).toEqual({ state: "not known" });
    expect(found.service.slots.green).toEqual({
      role: "candidate",
      release: "r2",
      image: "bbbbbbbbbbbb",
      planned: 5,
    });
    expect(found.service.drift).toEqual([]);
    expect(found.ok).toBe(false);
  });
});

it.each([
  [digest("a"), "aaaaaaaaaaaa"],
  ["registry:5000/team/demo:r2", "demo:r2"],
  ["demo", "demo"],
])("shortens %s to %s", (image, short) => {
  expect(shortImage(image)).toBe(short);
});
