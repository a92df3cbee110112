import { describe, expect, test } from "vitest";
import type { RawConfig } from "../../infra/config/parse.ts";
import { rawStack, withValue } from "../support/config.ts";
import { find, idOf } from "../support/engine.ts";
import { runStack } from "../support/program.ts";
import { redact, secretPaths } from "../support/secrets.ts";

const ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute";
const DEPLOYMENT = "kubernetes:apps/v1:Deployment";
const BACKEND = ["slipway:releases", "paws360-backend"];

const staging = rawStack("staging");
const rollback = withValue(
  withValue(staging, [...BACKEND, "weight"], undefined),
  [...BACKEND, "phase"],
  "rollback",
);

describe.each([
  ["update", false],
  ["preview", true],
])("a service in a %s", (_, preview) => {
  test("has both slots whole, whatever runs in them", async () => {
    const recorded = await runStack(rawStack("sandbox"), preview);
    const ofDemo = recorded.resources.filter(({ parent }) =>
      /Slot demo-|BlueGreenService demo$/.test(parent ?? ""),
    );
    expect(ofDemo.map(idOf)).toEqual([
      `${DEPLOYMENT} demo-blue`,
      `${DEPLOYMENT} demo-green`,
      "kubernetes:core/v1:ConfigMap demo-blue",
      "kubernetes:core/v1:ConfigMap demo-green",
      "kubernetes:core/v1:Service demo-blue",
      "kubernetes:core/v1:Service demo-green",
      `${ROUTE} demo`,
      "kubernetes:policy/v1:PodDisruptionBudget demo-blue",
      "kubernetes:policy/v1:PodDisruptionBudget demo-green",
      "slipway:slots:Slot demo-blue",
      "slipway:slots:Slot demo-green",
    ]);
  });

  test("gets its variables from immutable objects whose names change with the content", async () => {
    const recorded = await runStack(staging, preview);
    for (const kind of ["ConfigMap", "Secret"]) {
      const { inputs } = find(recorded, `kubernetes:core/v1:${kind}`, "paws360-backend-green");
      expect(inputs).toMatchObject({ immutable: true });
      expect(inputs.metadata).not.toHaveProperty("name");
    }
    const name = preview ? "[unknown]" : "paws360-backend-green-0a1b2c3d";
    expect(redact(find(recorded, DEPLOYMENT, "paws360-backend-green").inputs)).toMatchObject({
      spec: {
        template: {
          spec: { containers: [{ envFrom: [{ configMapRef: { name } }, { secretRef: { name } }] }] },
        },
      },
    });
  });

  test("has its secrets as secrets all the way", async () => {
    const { inputs } = find(
      await runStack(staging, preview),
      "kubernetes:core/v1:Secret",
      "paws360-backend-blue",
    );
    expect(secretPaths(inputs)).toEqual(["stringData"]);
  });

  test("starts pods only when the namespace is ready for them", async () => {
    const { dependsOn } = find(await runStack(staging, preview), DEPLOYMENT, "paws360-backend-blue");
    expect(dependsOn).toEqual(
      expect.arrayContaining([
        "kubernetes:core/v1:ServiceAccount platform-paws360-paws360-backend",
        "kubernetes:core/v1:LimitRange platform-paws360-container-defaults",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy platform-paws360-default-deny",
      ]),
    );
  });

  test("moves traffic forward only after the candidate is up", async () => {
    const { dependsOn } = find(await runStack(staging, preview), ROUTE, "paws360-backend");
    expect(dependsOn).toContain(`${DEPLOYMENT} paws360-backend-green`);
    expect(dependsOn).not.toContain(`${DEPLOYMENT} paws360-backend-blue`);
  });

  test("moves traffic back without waiting for anything but the namespace", async () => {
    const recorded = await runStack(rollback, preview);
    expect(find(recorded, ROUTE, "paws360-backend").dependsOn).toEqual([
      "kubernetes:core/v1:Namespace platform-paws360",
    ]);
    expect(find(recorded, DEPLOYMENT, "paws360-backend-green").inputs.metadata).toMatchObject({
      annotations: { "pulumi.com/skipAwait": "true" },
    });
  });

  test("is protected in production: Services and route, not what each release replaces", async () => {
    const protectedTypes = async (stack: "staging" | "production") =>
      (await runStack(rawStack(stack), preview)).resources
        .filter(({ name, protect }) => protect && name.startsWith("paws360-backend"))
        .map(idOf);
    expect(await protectedTypes("staging")).toEqual([]);
    expect(await protectedTypes("production")).toEqual([
      "kubernetes:core/v1:Service paws360-backend-blue",
      "kubernetes:core/v1:Service paws360-backend-green",
      `${ROUTE} paws360-backend`,
    ]);
  });
});

describe("what a change of the stack file changes", () => {
  /** Resources whose inputs differ between two runs. */
  async function changed(before: RawConfig, after: RawConfig): Promise<string[]> {
    const old = new Map(
      (await runStack(before)).resources.map((resource) => [idOf(resource), redact(resource.inputs)]),
    );
    const now = (await runStack(after)).resources;
    return now
      .filter(
        (resource) => JSON.stringify(old.get(idOf(resource))) !== JSON.stringify(redact(resource.inputs)),
      )
      .map(idOf);
  }

  test("a step of a canary: the route alone", async () => {
    const next = withValue(staging, [...BACKEND, "weight"], 100);
    expect(await changed(staging, next)).toEqual([`${ROUTE} paws360-backend`]);
  });

  test("a rollback: the route, and a note on the Deployment that it is not awaited", async () => {
    expect(await changed(staging, rollback)).toEqual([
      `${DEPLOYMENT} paws360-backend-green`,
      `${ROUTE} paws360-backend`,
    ]);
  });

  test("a new release with the same variables: one Deployment", async () => {
    const release = { release: "r2", image: "slipway.local/demo:r2" };
    const sandbox = rawStack("sandbox");
    const idle = withValue(sandbox, ["slipway:releases", "demo", "green"], { ...release, release: "r0" });
    const next = withValue(sandbox, ["slipway:releases", "demo", "green"], release);
    expect(await changed(idle, next)).toEqual([`${DEPLOYMENT} demo-green`]);
  });
});
