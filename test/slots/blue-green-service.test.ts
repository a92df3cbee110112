import * as k8s from "@pulumi/kubernetes";
import { describe, expect, test } from "vitest";
import type { RawConfig } from "../../infra/config/parse.ts";
import type { Release } from "../../infra/config/schema/releases.ts";
import type { ResolvedService } from "../../infra/services/resolve.ts";
import { BlueGreenService } from "../../infra/slots/blue-green-service.ts";
import { planSlots } from "../../infra/slots/model/plan.ts";
import { rawStack, serviceIn, withValue } from "../support/config.ts";
import { find, idOf, type Run, runProgram } from "../support/engine.ts";
import { runStack } from "../support/program.ts";
import { redact, secretPaths } from "../support/secrets.ts";

const ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute";
const DEPLOYMENT = "kubernetes:apps/v1:Deployment";
const JOB = "kubernetes:batch/v1:Job";
const SERVICE = "kubernetes:core/v1:Service";
const BACKEND = ["slipway:releases", "paws360-backend"];

const staging = rawStack("staging");
const rollback = withValue(
  withValue(staging, [...BACKEND, "weight"], undefined),
  [...BACKEND, "phase"],
  "rollback",
);

const smokeOf = (service: string) => `${JOB} ${service}-smoke`;

/** What a service consists of. */
function partsOf({ resources }: Run, service: string): string[] {
  const own = new RegExp(`(Slot ${service}-(blue|green)|BlueGreenService ${service})$`);
  return resources.filter(({ parent }) => own.test(parent ?? "")).map(idOf);
}

describe.each([
  ["update", false],
  ["preview", true],
])("a service in a %s", (_, preview) => {
  test("has both slots whole, whatever runs in them", async () => {
    const recorded = await runStack(rawStack("sandbox"), preview);
    expect(partsOf(recorded, "demo")).toEqual([
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

  test("moves traffic forward only after the candidate is up and tested", async () => {
    const recorded = await runStack(staging, preview);
    const { dependsOn } = find(recorded, ROUTE, "paws360-backend");
    expect(dependsOn).toContain(`${DEPLOYMENT} paws360-backend-green`);
    expect(dependsOn).toContain(smokeOf("paws360-backend"));
    expect(dependsOn).not.toContain(`${DEPLOYMENT} paws360-backend-blue`);
    const smoke = find(recorded, JOB, "paws360-backend-smoke");
    expect(smoke.dependsOn).toContain(`${DEPLOYMENT} paws360-backend-green`);
    expect(smoke.inputs.metadata).toMatchObject({ name: "paws360-backend-smoke-r42-25" });
  });

  test("lets testers reach a candidate that is up, while its first test runs", async () => {
    const recorded = await runStack(
      withValue(withValue(staging, [...BACKEND, "weight"], 0), [...BACKEND, "gate"], 5),
      preview,
    );
    const { dependsOn } = find(recorded, ROUTE, "paws360-backend");
    expect(dependsOn).toContain(`${DEPLOYMENT} paws360-backend-green`);
    expect(dependsOn).not.toContain(smokeOf("paws360-backend"));
    find(recorded, JOB, "paws360-backend-smoke");
  });

  test("moves traffic back without waiting for anything but the namespace, and without a test", async () => {
    const recorded = await runStack(rollback, preview);
    expect(find(recorded, ROUTE, "paws360-backend").dependsOn).toEqual([
      "kubernetes:core/v1:Namespace platform-paws360",
    ]);
    expect(find(recorded, DEPLOYMENT, "paws360-backend-green").inputs.metadata).toMatchObject({
      annotations: { "pulumi.com/skipAwait": "true" },
    });
    expect(recorded.resources.filter(({ type }) => type === JOB)).toEqual([]);
  });

  test("gives rotated secrets to a candidate, and to nobody who has users", async () => {
    const recorded = await runStack(staging, preview);
    const kept = (slot: string) => find(recorded, "kubernetes:core/v1:Secret", slot).ignoreChanges;
    expect(kept("paws360-backend-green")).toEqual([]);
    for (const slot of ["paws360-backend-blue", "paws360-frontend-blue", "paws360-frontend-green"]) {
      expect(kept(slot)).toEqual(["data", "stringData"]);
    }
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

  test("a test before a step: its Job alone; the step: the route alone", async () => {
    const tested = withValue(staging, [...BACKEND, "gate"], 100);
    expect(await changed(staging, tested)).toEqual([smokeOf("paws360-backend")]);
    const next = withValue(tested, [...BACKEND, "weight"], 100);
    expect(await changed(tested, next)).toEqual([`${ROUTE} paws360-backend`]);
  });

  test("the end of a canary: nothing but its test goes", async () => {
    const last = withValue(staging, [...BACKEND, "weight"], 100);
    const done = withValue(
      withValue(last, [...BACKEND, "weight"], undefined),
      [...BACKEND, "phase"],
      "steady",
    );
    const promoted = withValue(done, [...BACKEND, "active"], "green");
    expect(await changed(last, promoted)).toEqual([]);
    const ids = async (config: RawConfig) => (await runStack(config)).resources.map(idOf);
    const after = await ids(promoted);
    expect((await ids(last)).filter((id) => !after.includes(id))).toEqual([smokeOf("paws360-backend")]);
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

describe("a service of its own making", () => {
  const demo = serviceIn("sandbox", "demo");
  const r1 = { release: "r1", image: "acme/demo:r1", schema: { min: 1, max: 2 } };
  const r2 = { release: "r2", image: "acme/demo:r2", schema: { min: 2, max: 3 } };
  const canary = (weight: number, gate: number): Release => ({
    phase: "canary",
    active: "blue",
    weight,
    gate,
    blue: r1,
    green: r2,
  });
  const back: Release = { phase: "rollback", active: "blue", blue: r1, green: r2 };

  function run(change: Partial<ResolvedService>, release: Release): Promise<Run> {
    const service = { ...demo, ...change, release };
    const program = () => {
      const ready = new k8s.core.v1.Namespace("demo");
      new BlueGreenService(
        "demo",
        {
          service,
          plan: planSlots(service, release),
          gateway: { name: "slipway", namespace: "gateway" },
          place: { namespace: "demo-sandbox", ready },
          smokeImage: "acme/node:24",
          secrets: {},
        },
        {},
      );
    };
    return runProgram(program, { config: rawStack("sandbox") });
  }

  test("without a gateway has a live Service instead of a route, moved by the same rules", async () => {
    const tcp = { kind: "tcp" as const, steps: [100], hostnames: [] };
    const selected = (recorded: Run) => find(recorded, SERVICE, "demo").inputs.spec;
    const before = await run(tcp, canary(0, 100));
    expect(before.resources.filter(({ type }) => type === ROUTE)).toEqual([]);
    expect(selected(before)).toMatchObject({ selector: { app: "demo", slot: "blue" } });

    const forward = await run(tcp, canary(100, 100));
    expect(selected(forward)).toMatchObject({ selector: { app: "demo", slot: "green" } });
    expect(find(forward, SERVICE, "demo").dependsOn).toEqual([`${DEPLOYMENT} demo-green`, smokeOf("demo")]);

    const taken = await run(tcp, back);
    expect(selected(taken)).toMatchObject({ selector: { app: "demo", slot: "blue" } });
    expect(find(taken, SERVICE, "demo").dependsOn).toEqual([]);
  });

  test("with a migration has it before the candidate's pods, once, and never on the way back", async () => {
    const migrating = { migration: { command: ["/migrate"], timeout: { milliseconds: 60_000 } } };
    const job = `${JOB} demo-green-migration`;
    const [first, second] = [await run(migrating, canary(0, 5)), await run(migrating, canary(25, 100))];
    expect(find(first, DEPLOYMENT, "demo-green").dependsOn).toContain(job);
    expect(find(first, DEPLOYMENT, "demo-blue").dependsOn).not.toContain(job);
    const inputs = (recorded: Run) => redact(find(recorded, JOB, "demo-green-migration").inputs);
    expect(inputs(second)).toEqual(inputs(first));
    expect((await run(migrating, back)).resources.filter(({ type }) => type === JOB)).toEqual([]);
  });

  test("with an autoscaler has one for every slot that holds a release", async () => {
    const scaled = { autoscale: { min: 2, max: 6, cpu: 70 } };
    const scalers = ({ resources }: Run) =>
      resources.filter(({ type }) => type.endsWith(":HorizontalPodAutoscaler")).map(({ name }) => name);
    const first: Release = { phase: "steady", active: "blue", blue: r1 };
    expect(scalers(await run(scaled, first))).toEqual(["demo-blue"]);
    const both = await run(scaled, canary(5, 5));
    expect(scalers(both)).toEqual(["demo-blue", "demo-green"]);
    expect(find(both, DEPLOYMENT, "demo-blue").ignoreChanges).toEqual(["spec.replicas"]);
    expect(find(both, DEPLOYMENT, "demo-green").inputs.spec).not.toHaveProperty("replicas");
  });
});
