import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Release } from "../../../infra/config/schema/releases.ts";
import { trafficPatch } from "../../../infra/slots/model/traffic.ts";
import { pendingFinding, podsFinding, preflight, rehearsedState } from "../../../release/drill/checks.ts";
import { serviceIn } from "../../support/config.ts";
import { faultsOf } from "../../support/faults.ts";
import { liveDeployment } from "../preflight/live-objects.ts";
import { type Stage, sandboxStage } from "./stage.ts";

const r1 = { release: "r1", image: "slipway.local/demo:r1" };
const r2 = { release: "r2", image: "slipway.local/demo:r2" };
const STEADY: Release = { phase: "steady", active: "green", blue: r1, green: r2 };
const demo = { ...serviceIn("sandbox", "demo"), release: STEADY };

describe("where a drill goes", () => {
  it("is where a rollback would go", () => {
    expect(rehearsedState(demo, [demo])).toEqual({ phase: "rollback", active: "blue", blue: r1, green: r2 });
  });

  it.each<[string, Release, string]>([
    ["after a rollback", { ...STEADY, phase: "rollback" }, "r2 has no release behind it to go back to"],
    ["with an empty slot", { phase: "steady", active: "green", green: r2 }, "r2 has no release behind it"],
    ["with a release on its way", { ...STEADY, phase: "canary", weight: 5 }, "a release is on its way"],
  ])("is nowhere %s", (_, release, what) => {
    const service = { ...demo, release };
    const faults = faultsOf(() => rehearsedState(service, [service]));
    expect(faults).toEqual([expect.stringContaining(`slipway:releases.demo: ${what}`)]);
  });

  it("is nowhere while another service's release is on its way", () => {
    const other = { ...demo, name: "shop", release: { ...STEADY, phase: "canary", weight: 5 } as Release };
    expect(faultsOf(() => rehearsedState(demo, [demo, other]))).toEqual([
      expect.stringContaining("slipway:releases.shop: a release is on its way"),
    ]);
  });
});

describe("before anything is changed", () => {
  let stage: Stage;
  const quiet = async () => ({ same: 45 });
  const check = (pending: () => Promise<Record<string, number>> = quiet) => {
    const { project } = stage;
    return preflight(project, "demo", rehearsedState(project.service("demo"), project.services), pending);
  };

  beforeEach(async () => {
    stage = await sandboxStage();
  });
  afterEach(() => stage.remove());

  it("all is well, and nothing is written", async () => {
    const results = await check();
    expect(results.map((result) => [result.check, result.ok])).toEqual([
      ["way back", true],
      ["traffic", true],
      ["schema", true],
      ["slots", true],
      ["pods", true],
      ["stack", true],
    ]);
    expect(stage.cluster.calls.filter((call) => !/^(get|list) /.test(call))).toEqual([]);
  });

  it("the traffic must be where the stack file has it", async () => {
    const { object, operations } = trafficPatch(demo, { blue: 5, green: 95 });
    await stage.cluster.patch(object, operations);
    await expect(check()).rejects.toThrow("demo: traffic: was changed by hand: blue 5 / green 95");
  });

  it("there must be a route", async () => {
    await stage.cluster.delete(trafficPatch(demo, { blue: 0, green: 0 }).object);
    await expect(check()).rejects.toThrow("there is no httproute.gateway.networking.k8s.io demo");
  });

  it("nothing else may wait for pulumi up", async () => {
    await expect(check(async () => ({ same: 40, update: 2, create: 1 }))).rejects.toThrow(
      "2 update, 1 create",
    );
  });

  it("both slots must be at full size", async () => {
    const one = liveDeployment(demo, "blue");
    stage.cluster.put({ ...one, status: { ...one.status, readyReplicas: 1 } } as typeof one);
    await expect(check()).rejects.toThrow("not all pods are ready: r1 in blue 1/2, r2 in green 2/2");
  });

  it("the former release must work with the schema that there is", async () => {
    await stage.write(
      (await stage.text())
        .replace('demo:r1" }', 'demo:r1", schema: { min: 1, max: 2 } }')
        .replace(
          "image: slipway.local/demo:r2\n",
          "image: slipway.local/demo:r2\n        schema: { min: 3, max: 4 }\n",
        ),
    );
    await stage.project.reload();
    await expect(check()).rejects.toThrow("r1 works up to 2");
  });
});

it("takes a slot without pods for one that cannot have all users", () => {
  const none = { ...liveDeployment(demo, "blue"), spec: { replicas: 0 }, status: {} };
  expect(podsFinding(demo, [none, liveDeployment(demo, "green")])).toMatchObject({
    status: "fail",
    detail: "not all pods are ready: r1 in blue 0/0, r2 in green 2/2",
    remedy: expect.stringContaining("describe deployment demo-blue"),
  });
});

it("counts only what would change", () => {
  expect(pendingFinding({ same: 45 }).status).toBe("ok");
  expect(pendingFinding({ same: 44, delete: 1 })).toMatchObject({
    status: "fail",
    detail: expect.stringContaining("1 delete"),
  });
});
