import { expect, it } from "vitest";
import type { Release } from "../../../infra/config/schema/releases.ts";
import { UserError } from "../../../infra/lib/errors.ts";
import { runChecks } from "../../../machine/check.ts";
import { Refused } from "../../../release/cluster.ts";
import { withCandidate } from "../../../release/model/states.ts";
import { preflightChecks, requirePassed, type Surroundings } from "../../../release/preflight/preflight.ts";
import { noRunners } from "../../../release/preflight/runners.ts";
import { configOf, serviceIn } from "../../support/config.ts";
import { MemoryCluster } from "../../support/memory-cluster.ts";
import { healthyCluster, liveRoute } from "./live-objects.ts";
import { RegistryStandIn } from "./registry-stand-in.ts";

const config = configOf("sandbox");
const demo = serviceIn("sandbox", "demo");
const IMAGE = "slipway.local/demo:r2";
const entry = withImage(IMAGE);

function withImage(image: string, override?: string): Release {
  return withCandidate(demo.release, { release: "r2", image }, 5, override);
}

function healthy(): MemoryCluster {
  const cluster = new MemoryCluster(...healthyCluster(config, demo, IMAGE));
  cluster.answers["/readyz"] = "ok";
  return cluster;
}

function around(cluster: MemoryCluster, other: Partial<Surroundings> = {}): Surroundings {
  return {
    stack: "sandbox",
    config,
    secrets: new Set(),
    cluster,
    prometheus: { query: async () => [{ labels: {}, value: 5 }] },
    runners: noRunners,
    ...other,
  };
}

async function preflight(surroundings: Surroundings, release = entry) {
  return runChecks(preflightChecks([{ service: demo, entry: release }], surroundings));
}

it("is one list: the environment, then each service; nothing is written", async () => {
  const cluster = healthy();
  const results = await preflight(around(cluster));
  expect(results.map(({ area, title, status }) => `${area} ${title} ${status}`)).toEqual([
    "sandbox API server ok",
    "sandbox gateway ok",
    "sandbox Prometheus ok",
    "demo image ok",
    "demo route ok",
    "demo traffic ok",
    "demo slots ok",
    "demo active release ok",
    "sandbox runners skip",
    "demo secrets skip",
    "demo schema skip",
  ]);
  expect(() => requirePassed(results)).not.toThrow();
  expect(cluster.calls.every((call) => /^(get|list|raw) /.test(call))).toBe(true);
});

it("asks for each thing once, whatever the number of services and checks", async () => {
  const cluster = healthy();
  const subject = { service: demo, entry };
  await runChecks(preflightChecks([subject, subject], around(cluster)));
  const count = (call: string) => cluster.calls.filter((made) => made.startsWith(call)).length;
  expect([count("raw /readyz"), count("list nodes"), count("get gateway")]).toEqual([1, 1, 1]);
  expect([count("get httproute"), count("list deployment")]).toEqual([2, 2]);
});

it("stops with every failed check at once, and only those", async () => {
  const cluster = healthy();
  const route = liveRoute(config, demo);
  cluster.put({ ...route, status: { parents: [] } } as typeof route);
  const failing: Partial<Surroundings> = {
    prometheus: { query: () => Promise.reject(new Error("no answer within 10 s")) },
    runners: {
      check: async () => ({
        status: "fail",
        detail: "primary and secondary are offline",
        remedy: "start one",
      }),
    },
  };
  const results = await preflight(around(cluster, failing));
  const error = await Promise.resolve(results)
    .then(requirePassed)
    .catch((thrown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  expect(error.faults).toEqual([
    { where: "sandbox: Prometheus", what: "no answer within 10 s" },
    { where: "demo: route", what: "gateway slipway has not answered to it", remedy: expect.any(String) },
    { where: "sandbox: runners", what: "primary and secondary are offline", remedy: "start one" },
  ]);
});

it("tells a dead API server once", async () => {
  const cluster = healthy();
  cluster.interfere = () =>
    Promise.reject(new UserError({ where: "context c", what: "no answer in time", remedy: "start it" }));
  const results = await preflight(around(cluster));
  const failed = results.filter(({ status }) => status === "fail");
  expect(failed).toEqual([
    expect.objectContaining({
      title: "API server",
      detail: "context c: no answer in time",
      remedy: "start it",
    }),
  ]);
  expect(results.filter(({ detail }) => detail === "the API server does not answer")).toHaveLength(7);
});

it("asks the registry where nodes may not be seen", async () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const registry = await RegistryStandIn.start({ [`acme/demo@${digest}`]: { bytes: "{}", digest } });
  const cluster = healthy();
  cluster.interfere = async (verb) => {
    if (cluster.calls.at(-1)?.startsWith("list nodes") && verb === "list")
      throw new Refused("Forbidden", "nodes is forbidden");
  };
  const results = await preflight(around(cluster), withImage(`${registry.host}/acme/demo@${digest}`));
  await registry.stop();
  expect(results.find(({ title }) => title === "image")).toMatchObject({
    status: "ok",
    detail: `${registry.host} has it: ${digest}`,
  });
});

it("warns, but does not stop, when the route was edited by hand", async () => {
  const cluster = healthy();
  const edited = structuredClone(liveRoute(config, demo)) as unknown as {
    spec: { rules: { backendRefs: { weight: number }[] }[] };
  };
  const backend = edited.spec.rules[0]?.backendRefs[1];
  if (backend !== undefined) backend.weight = 40;
  cluster.put(edited as unknown as ReturnType<typeof liveRoute>);
  const results = await preflight(around(cluster));
  expect(results.find(({ title }) => title === "traffic")).toMatchObject({
    status: "warn",
    detail: "was changed by hand: blue 100 / green 40, the stack file says blue 100 / green 0",
  });
  expect(() => requirePassed(results)).not.toThrow();
});

it("asks the database for its schema where there is a way", async () => {
  const release = { ...entry, green: { release: "r2", image: IMAGE, schema: { min: 3, max: 4 } } };
  const results = await preflight(around(healthy(), { schemaVersion: async () => 5 }), release);
  expect(results.find(({ title }) => title === "schema")).toMatchObject({
    status: "fail",
    detail: "r2 works with schema 3..4; the database has 5",
  });
});

it("goes by the declared schemas where the database does not answer, and says so", async () => {
  const release = { ...entry, green: { release: "r2", image: IMAGE, schema: { min: 3, max: 4 } } };
  const silent = async () => {
    throw new UserError({ where: "pod demo-blue-1", what: "ECONNREFUSED" });
  };
  const results = await preflight(around(healthy(), { schemaVersion: silent }), release);
  expect(results.find(({ title }) => title === "schema")).toMatchObject({
    status: "warn",
    detail: "r2 works with schema 3..4; the database's own is not known: pod demo-blue-1: ECONNREFUSED",
  });
  expect(() => requirePassed(results)).not.toThrow();
});
