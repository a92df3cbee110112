import { describe, expect, it } from "vitest";
import {
  describe as describeLease,
  heartbeat,
  isSame,
  type Lease,
  leaseRef,
  type Run,
  released,
  renewed,
  type Standing,
  standing,
  stopRequest,
  stopRequestedBy,
  taken,
} from "../../../release/lease.ts";

const NOON = new Date("2026-11-21T12:00:00.250Z");
const ana: Run = { holder: "ana@laptop 4711", doing: "deploy demo r7" };
const bob: Run = { holder: "bob@ci 17", doing: "rollback demo" };
const anas = taken("staging", undefined, ana, NOON);

function seconds(after: number): Date {
  return new Date(NOON.getTime() + after * 1_000);
}

function asked(lease: Lease, by: string): Lease {
  const [, request] = stopRequest(lease.spec.holderIdentity ?? "", by);
  const key = request?.path.split("/").at(-1)?.replaceAll("~1", "/") ?? "";
  const annotations = { ...lease.metadata.annotations, [key]: String(request?.value) };
  return { ...lease, metadata: { ...lease.metadata, annotations } };
}

it("is one Lease in the namespace of the environment's gateway", () => {
  expect(leaseRef("production")).toEqual({
    kind: "lease.coordination.k8s.io",
    namespace: "gateway-production",
    name: "slipway-release",
  });
});

describe("who may take it", () => {
  const held: Standing = { kind: "held", by: "ana@laptop 4711 (deploy demo r7, since 2026-11-21T12:00:00Z)" };
  const expired: Standing = { kind: "expired", former: `${held.by}, last heard of at 2026-11-21T12:00:00Z` };
  const free: Standing = { kind: "free" };
  const long = { ...anas, spec: { ...anas.spec, leaseDurationSeconds: 60 } };
  it.each<[string, Lease | undefined, string, number, number, Standing]>([
    ["no lease yet", undefined, bob.holder, 0, 0, free],
    ["given back", released(anas, NOON), bob.holder, 0, 0, free],
    ["held, just seen", anas, bob.holder, 1, 0, held],
    ["held, watched for almost its length", anas, bob.holder, 14.9, 14_999, held],
    ["not renewed for its length, as we saw", anas, bob.holder, 15, 15_000, expired],
    ["a clock that goes 30 s before ours: only what we saw counts", anas, bob.holder, 30, 3_000, held],
    ["a clock that goes behind ours", anas, bob.holder, -30, 3_000, held],
    ["a clock that goes behind ours, not renewed", anas, bob.holder, -30, 15_000, expired],
    ["a minute old: no need to watch it", anas, bob.holder, 60, 0, expired],
    ["a lease of another length", long, bob.holder, 30, 30_000, held],
    ["one's own", anas, ana.holder, 1, 0, free],
    ["handed over to us", released(asked(anas, bob.holder), NOON), bob.holder, 0, 0, free],
  ])("%s", (_, lease, holder, age, unchangedMs, expected) => {
    expect(standing(lease, holder, { now: seconds(age), unchangedMs })).toEqual(expected);
  });

  it("keeps a lease that was handed over from everybody else, until it runs out", () => {
    const reserved = released(asked(anas, bob.holder), NOON);
    const carol = "carol@laptop 12";
    expect(standing(reserved, carol, { now: seconds(1), unchangedMs: 1_000 })).toEqual({
      kind: "held",
      by: "bob@ci 17 (is next, since 2026-11-21T12:00:00Z)",
    });
    expect(standing(reserved, carol, { now: seconds(15), unchangedMs: 15_000 }).kind).toBe("expired");
  });
});

it("is taken with who, what for, since when and for how long; times as the API server reads them", () => {
  expect(anas).toMatchObject({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name: "slipway-release",
      namespace: "gateway-staging",
      labels: { "app.kubernetes.io/managed-by": "slipway", "slipway.dev/environment": "staging" },
      annotations: { "slipway.dev/doing": "deploy demo r7" },
    },
    spec: {
      holderIdentity: "ana@laptop 4711",
      leaseDurationSeconds: 15,
      acquireTime: "2026-11-21T12:00:00.250000Z",
      renewTime: "2026-11-21T12:00:00.250000Z",
      leaseTransitions: 0,
    },
  });
});

it("is taken over the version that was found, counts its holders, and forgets requests to the former one", () => {
  const found = asked(
    {
      ...anas,
      metadata: { ...anas.metadata, resourceVersion: "41", annotations: { "example.org/kept": "yes" } },
    },
    "carol@laptop 12",
  );
  const bobs = taken("staging", found, bob, seconds(20));
  expect(bobs.metadata).toMatchObject({ resourceVersion: "41" });
  expect(bobs.metadata.annotations).toEqual({
    "example.org/kept": "yes",
    "slipway.dev/doing": "rollback demo",
  });
  expect(bobs.spec).toMatchObject({ holderIdentity: "bob@ci 17", leaseTransitions: 1 });
});

it("is renewed without another change", () => {
  const later = renewed(anas, seconds(5));
  expect(later).toEqual({ ...anas, spec: { ...anas.spec, renewTime: "2026-11-21T12:00:05.250000Z" } });
  expect(isSame(later, anas)).toBe(true);
  expect(heartbeat(later)).not.toBe(heartbeat(anas));
});

it("has the same heartbeat while somebody only asks the holder to stop", () => {
  const request = asked(anas, bob.holder);
  expect(stopRequestedBy(anas)).toBeUndefined();
  expect(stopRequestedBy(request)).toBe("bob@ci 17");
  expect(heartbeat(request)).toBe(heartbeat(anas));
  expect(isSame(request, anas)).toBe(true);
});

it.each([
  ["gone", undefined],
  ["given back", released(anas, NOON)],
  ["another's", taken("staging", anas, bob, seconds(1))],
  ["taken anew by a run of the same name", taken("staging", anas, ana, seconds(1))],
])("is not the same lease any more: %s", (_, found) => {
  expect(isSame(found, anas)).toBe(false);
});

it("is given back without a holder and without what that one did", () => {
  const given = released(anas, seconds(9));
  expect(given.spec).toEqual({ leaseTransitions: 0 });
  expect(given.metadata.annotations).toEqual({});
});

it("is given to the one that asked for it, from that moment on", () => {
  const given = released(asked(anas, bob.holder), seconds(9));
  expect(given.spec).toMatchObject({
    holderIdentity: "bob@ci 17",
    renewTime: "2026-11-21T12:00:09.250000Z",
    leaseTransitions: 1,
  });
  expect(stopRequestedBy(given)).toBeUndefined();
  expect(describeLease(given)).toBe("bob@ci 17 (is next, since 2026-11-21T12:00:09Z)");
});

it("is asked for under the condition that the holder is still the same", () => {
  expect(stopRequest("ana@laptop 4711", "bob@ci 17")).toEqual([
    { op: "test", path: "/spec/holderIdentity", value: "ana@laptop 4711" },
    { op: "add", path: "/metadata/annotations/slipway.dev~1stop-requested", value: "bob@ci 17" },
  ]);
});
