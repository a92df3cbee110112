import { describe, expect, it } from "vitest";
import type { Release } from "../../../infra/config/schema/releases.ts";
import { SECRET_PREFIX } from "../../../infra/config/secrets.ts";
import { UserError } from "../../../infra/lib/errors.ts";
import { planGateway } from "../../../infra/platform/model/gateway.ts";
import type { ResolvedService } from "../../../infra/services/resolve.ts";
import { schemaFinding, secretsFinding, unaskedFinding } from "../../../release/preflight/configuration.ts";
import {
  apiServerFinding,
  gatewayFinding,
  prometheusFinding,
  routeFinding,
} from "../../../release/preflight/network.ts";
import { noRunners } from "../../../release/preflight/runners.ts";
import { activeFinding, imagesFinding, trafficFinding } from "../../../release/preflight/state.ts";
import { configOf, serviceIn } from "../../support/config.ts";
import { liveDeployment, liveGateway, liveRoute, met } from "./live-objects.ts";

const config = configOf("staging");
const backend = serviceIn("staging", "paws360-backend");
const gateway = planGateway(config);
const live = liveRoute(config, backend);
const withConditions = (...conditions: object[]) =>
  ({
    ...live,
    status: { parents: [{ ...live.status?.parents?.[0], conditions }] },
  }) as typeof live;

describe("traffic", () => {
  const shared = (blue: number, green: number) => {
    const copy = JSON.parse(JSON.stringify(live));
    [copy.spec.rules[0].backendRefs[0].weight, copy.spec.rules[0].backendRefs[1].weight] = [blue, green];
    return copy;
  };

  it("is as the stack file says", () => {
    expect(trafficFinding(backend, live)).toEqual({ status: "ok", detail: "blue 75 / green 25" });
  });

  it("was shared differently by hand: both shares are told", () => {
    expect(trafficFinding(backend, shared(60, 40))).toEqual({
      status: "warn",
      detail: "was changed by hand: blue 60 / green 40, the stack file says blue 75 / green 25",
      remedy: expect.stringContaining("pulumi up"),
    });
  });

  it("was sent elsewhere by hand", () => {
    const copy = shared(75, 25);
    copy.spec.rules[0].backendRefs.push({ name: "shadow", port: 80, weight: 5 });
    expect(trafficFinding(backend, copy)).toMatchObject({
      status: "warn",
      detail: expect.stringContaining("by hand"),
    });
  });

  it("of a service without a gateway is its live Service's", () => {
    const release = { ...backend.release, weight: 100 };
    const database: ResolvedService = { ...backend, kind: "tcp", steps: [100], release };
    const service = (slot: string) => ({
      kind: "Service",
      metadata: { name: backend.name },
      spec: { selector: { app: backend.name, slot } },
    });
    expect(trafficFinding(database, service("green")).status).toBe("ok");
    expect(trafficFinding(database, service("blue")).status).toBe("warn");
  });
});

describe("slots", () => {
  const blue = liveDeployment(backend, "blue");
  const green = liveDeployment(backend, "green");
  const other = { ...green, spec: { template: { spec: { containers: [{ image: "acme/other:r9" }] } } } };

  it("run what the stack file says", () => {
    expect(imagesFinding(backend, { blue, green }, "staging")).toEqual({
      status: "ok",
      detail: "blue r41, green r42",
    });
  });

  it("run something else", () => {
    const finding = imagesFinding(backend, { blue, green: other }, "staging");
    expect(finding).toMatchObject({ status: "warn", remedy: expect.any(String) });
    expect(finding.detail).toBe(
      `green runs acme/other:r9, the stack file says ${backend.release.green?.image}`,
    );
  });

  it("that were never filled may hold any image", () => {
    const { green: _, weight: __, gate: ___, ...rest } = backend.release;
    const service = { ...backend, release: { ...rest, phase: "steady" } as Release };
    expect(imagesFinding(service, { blue, green: other }, "staging").status).toBe("ok");
  });

  it("are gone", () => {
    expect(imagesFinding(backend, { blue, green: undefined }, "staging")).toMatchObject({
      status: "fail",
      detail: "there is no deployment paws360-backend-green in paws360-staging",
      remedy: expect.stringContaining("--stack staging"),
    });
  });
});

describe("the active release", () => {
  const blue = liveDeployment(backend, "blue");
  const ready = (readyReplicas: number) => ({ ...blue, status: { readyReplicas } });
  it.each([
    ["whole", ready(2), undefined, "ok", "r41 in blue: 2 of 2 pods ready"],
    ["more pods than asked for, as while it is scaled down", ready(3), undefined, "ok", "3 of 2"],
    ["in part", ready(1), undefined, "warn", "1 of 2"],
    ["down", ready(0), undefined, "fail", "nothing to go back to"],
    ["down, and this release mends it", ready(0), "the outage of today", "warn", "nothing to go back to"],
    ["gone", undefined, undefined, "fail", "0 of 0"],
    ["scaled to nothing", { ...ready(0), spec: { replicas: 0 } }, undefined, "fail", "0 of 0"],
  ])("%s", (_, deployment, override, status, detail) => {
    const finding = activeFinding(backend, deployment, override);
    expect(finding).toMatchObject({ status, detail: expect.stringContaining(detail) });
    if (status !== "ok") expect(finding.remedy).toContain("kubectl describe deployment paws360-backend-blue");
  });
});

describe("the network", () => {
  it("of the API server is what it says itself", async () => {
    const says = (text: string) => apiServerFinding({ raw: async () => text });
    expect(await says("ok")).toMatchObject({ status: "ok" });
    expect(await says("[-]etcd failed")).toMatchObject({ status: "fail", detail: "[-]etcd failed" });
  });

  it("of the gateway is its word on the last version", () => {
    const good = liveGateway(config);
    const status = (...conditions: ReturnType<typeof met>[]) =>
      gatewayFinding({ ...good, status: { conditions } });
    expect(gatewayFinding(good).status).toBe("ok");
    expect(status(met("Accepted"))).toMatchObject({
      status: "fail",
      detail: "not Programmed: no word of it yet",
    });
    expect(
      status(met("Accepted"), { ...met("Programmed"), status: "False", reason: "AddressNotAssigned" }),
    ).toMatchObject({
      status: "fail",
      detail: "not Programmed: AddressNotAssigned",
    });
    expect(gatewayFinding({ ...good, metadata: { ...good.metadata, generation: 2 } }).status).toBe("warn");
    expect(gatewayFinding({ metadata: good.metadata }).status).toBe("fail");
  });

  it("of a route is the gateway's word on it", () => {
    expect(routeFinding(live, gateway).status).toBe("ok");
    expect(
      routeFinding(
        withConditions(met("Accepted"), { ...met("ResolvedRefs"), status: "False", message: "no Service" }),
        gateway,
      ),
    ).toMatchObject({
      status: "fail",
      detail: "not ResolvedRefs: ResolvedRefs: no Service",
    });
    expect(routeFinding({ ...live, metadata: { ...live.metadata, generation: 7 } }, gateway).status).toBe(
      "warn",
    );
  });

  it("of a route that only another gateway has taken up", () => {
    expect(routeFinding(live, { ...gateway, name: "elsewhere" })).toMatchObject({
      status: "fail",
      detail: "gateway elsewhere has not answered to it",
    });
  });

  it("of a route in the gateway's own namespace, which it need not name", () => {
    const home = { ...live, metadata: { ...live.metadata, namespace: gateway.namespace } };
    const conditions = [met("Accepted"), met("ResolvedRefs")];
    const status = { parents: [{ parentRef: { name: gateway.name }, conditions }] };
    expect(routeFinding({ ...home, status }, gateway).status).toBe("ok");
    expect(routeFinding({ ...live, status }, gateway).status).toBe("fail");
  });

  it("of Prometheus: it must see targets", async () => {
    const sees = (...values: number[]) =>
      prometheusFinding({ query: async () => values.map((value) => ({ labels: {}, value })) });
    expect(await sees(7)).toEqual({ status: "ok", detail: "7 targets are up" });
    expect(await sees()).toMatchObject({ status: "fail" });
  });
});

describe("secrets", () => {
  const keys = [
    "paws360-backend-spring-datasource-password",
    "paws360-backend-spring-data-redis-password",
    "paws360-backend-jwt-signing-key",
  ].map((name) => SECRET_PREFIX + name);

  it("are all set", () => {
    expect(secretsFinding(backend, new Set(keys), "staging")).toEqual({ status: "ok", detail: "3 set" });
  });

  it("are missing: each is named, with the command that sets it", () => {
    const finding = secretsFinding(backend, new Set(keys.slice(0, 1)), "staging");
    expect(finding).toMatchObject({
      status: "fail",
      detail: "not set: paws360-backend-spring-data-redis-password, paws360-backend-jwt-signing-key",
    });
    expect(
      finding.remedy?.match(/pulumi config set --secret slipway:secret-\S+ --stack staging/g),
    ).toHaveLength(2);
  });

  it("are none", () => {
    expect(secretsFinding({ name: "demo", secrets: [] }, new Set(), "staging").status).toBe("skip");
  });
});

describe("the schema", () => {
  const entry = backend.release;
  const migrated = { ...backend, migration: { command: ["migrate"], timeout: { milliseconds: 60_000 } } };
  const changed = (green: { min: number; max: number } | undefined): Release => {
    const { schema: _, ...candidate } = entry.green ?? { release: "r42", image: "acme/paws360-backend:r42" };
    return { ...entry, green: { ...candidate, ...(green === undefined ? {} : { schema: green }) } };
  };

  it.each([
    [
      "works with both, the database's is not known",
      backend,
      entry,
      undefined,
      "ok",
      /r42 works with schema 13\.\.14/,
    ],
    ["works with the database's", backend, entry, 14, "ok", /the database has 14$/],
    ["is behind the database", backend, entry, 15, "fail", /13\.\.14; the database has 15$/],
    ["is ahead of the database", backend, entry, 12, "fail", /13\.\.14; the database has 12$/],
    [
      "is ahead of the database, and brings a migration",
      migrated,
      entry,
      12,
      "ok",
      /its migration comes first$/,
    ],
    [
      "works with nothing that the active one does",
      backend,
      changed({ min: 15, max: 16 }),
      undefined,
      "fail",
      /none serves both/,
    ],
    ["is not declared", backend, changed(undefined), 12, "skip", /no schema/],
    [
      "is not declared, though there is a migration",
      migrated,
      changed(undefined),
      12,
      "warn",
      /no schema: its migration does not run$/,
    ],
  ] as const)("%s", (_, service, release, version, status, detail) => {
    const finding = schemaFinding(service, release, version);
    expect(finding).toMatchObject({ status, detail: expect.stringMatching(detail) });
    if (status === "fail" || status === "warn") expect(finding.remedy).toBeTruthy();
  });

  it("of a database that does not answer is not known, which is told with the reason", () => {
    const why = new UserError({ where: "pod b1", what: "ECONNREFUSED" });
    expect(unaskedFinding(schemaFinding(migrated, entry, undefined), why)).toEqual({
      status: "warn",
      detail: "r42 works with schema 13..14; the database's own is not known: pod b1: ECONNREFUSED",
      remedy: expect.stringContaining("nothing moves before the migration has looked"),
    });
    const wrong = schemaFinding(migrated, changed({ min: 15, max: 16 }), undefined);
    expect(unaskedFinding(wrong, why)).toEqual(wrong);
  });
});

it("has no word on runners while none are declared", async () => {
  expect(await noRunners.check()).toMatchObject({ status: "skip" });
});
