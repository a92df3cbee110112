import { describe, expect, test } from "vitest";
import type { Release } from "../../infra/config/schema/releases.ts";
import { autoscaler, disruptionBudget, slotService } from "../../infra/slots/model/manifests.ts";
import { planSlots } from "../../infra/slots/model/plan.ts";
import { serviceIn } from "../support/config.ts";

const demo = serviceIn("sandbox", "demo");

const r1 = { release: "r1", image: "acme/demo:r1" };
const r2 = { release: "r2", image: "acme/demo:r2" };
const steady: Release = { phase: "steady", active: "blue", blue: r1, green: r2 };
const canary: Release = { phase: "canary", active: "blue", weight: 5, blue: r1, green: r2 };
const rollback: Release = { phase: "rollback", active: "blue", blue: r1, green: r2 };

test("nothing but Deployment and route changes from one release to the next", () => {
  expect(slotService(demo, "blue")).toEqual({
    metadata: {
      name: "demo-blue",
      labels: expect.not.objectContaining({ "app.kubernetes.io/version": expect.anything() }),
      annotations: { "pulumi.com/skipAwait": "true" },
    },
    spec: {
      type: "ClusterIP",
      selector: { app: "demo", slot: "blue" },
      ports: [{ name: "http", port: 80, targetPort: "http", protocol: "TCP" }],
    },
  });
  expect(disruptionBudget(demo, "green").spec).toEqual({
    maxUnavailable: 1,
    unhealthyPodEvictionPolicy: "AlwaysAllow",
    selector: { matchLabels: { app: "demo", slot: "green" } },
  });
});

describe("a slot's autoscaler", () => {
  const scaled = { ...demo, autoscale: { min: 3, max: 8, cpu: 70 } };
  const of = (release: Release, slot: "blue" | "green") =>
    autoscaler(scaled, planSlots(scaled, release)[slot]);

  test("sizes the slot's Deployment by the CPU that its pods use", () => {
    expect(of(steady, "blue")).toMatchObject({
      metadata: { name: "demo-blue" },
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "demo-blue" },
        minReplicas: 3,
        maxReplicas: 8,
        metrics: [
          {
            type: "Resource",
            resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
          },
        ],
      },
    });
  });

  test("is not there for an empty slot, nor where the number of pods is fixed", () => {
    expect(of({ phase: "steady", active: "blue", blue: r1 }, "green")).toBeUndefined();
    expect(autoscaler(demo, planSlots(demo, steady).blue)).toBeUndefined();
  });

  test.each<[string, Release, boolean, boolean]>([
    ["steady: the one that waits keeps its size", steady, true, false],
    ["in a canary: both keep theirs", canary, false, false],
    ["on the way back: only the one with the users", rollback, true, false],
  ])("may take pods away where no users come back to, %s", (_, release, blue, green) => {
    const disabled = { scaleDown: { selectPolicy: "Disabled" } };
    expect(of(release, "blue")?.spec.behavior).toEqual(blue ? undefined : disabled);
    expect(of(release, "green")?.spec.behavior).toEqual(green ? undefined : disabled);
  });
});
