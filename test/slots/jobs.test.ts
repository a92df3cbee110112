import { describe, expect, test } from "vitest";
import type { Release } from "../../infra/config/schema/releases.ts";
import { parseDuration, toSeconds } from "../../infra/lib/duration.ts";
import {
  migrationJob,
  migrationTimeout,
  smokeJob,
  smokeJobName,
  smokeTimeout,
} from "../../infra/slots/model/jobs.ts";
import { planSlots, type SmokeTest } from "../../infra/slots/model/plan.ts";
import { smokeChecks } from "../../infra/slots/model/smoke.ts";
import { serviceIn } from "../support/config.ts";

const demo = serviceIn("sandbox", "demo");
const backend = serviceIn("staging", "paws360-backend");
const made = { configMap: "config-1", secret: "secret-1" };
const smokeTest: SmokeTest = { slot: "green", release: "r2", step: 5 };

describe("a smoke test's Job", () => {
  const { metadata, spec } = smokeJob(demo, smokeTest, "acme/node:24");
  const pod = spec.template.spec;
  const [container] = pod.containers;

  test("is another for each release and step", () => {
    expect(metadata.name).toBe("demo-smoke-r2-5");
    expect(smokeJobName("demo", { release: "r2", step: 25 })).toBe("demo-smoke-r2-25");
    expect(smokeJobName("demo", { release: "r3", step: 5 })).toBe("demo-smoke-r3-5");
    const next = smokeJob(demo, { ...smokeTest, step: 25 }, "acme/node:24");
    expect(next.spec.template).not.toEqual(spec.template);
    expect(smokeJob(demo, { ...smokeTest }, "acme/node:24")).toEqual({ metadata, spec });
  });

  test("has a name that its pods can carry as a label", () => {
    const [service, release] = ["s".repeat(40), "r".repeat(40)];
    const names = [5, 25].map((step) => smokeJobName(service, { release, step }));
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).toMatch(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])$/);
  });

  test("asks the candidate through its slot's Service what the catalogue says", () => {
    expect(JSON.parse(container?.env[0]?.value ?? "")).toMatchObject({
      release: "r2",
      slot: "green",
      step: 5,
      target: "http://demo-green:80",
      checks: [
        { name: "health", path: "/health", status: 200, body: '"status":"UP"' },
        { name: "metrics", path: "/metrics", status: 200, body: "^build_info" },
      ],
    });
    expect(container?.image).toBe("acme/node:24");
    expect(container?.command.slice(0, 3)).toEqual(["node", "--input-type=module", "--eval"]);
  });

  test("tries once, is tried again by the next run of the engine, and stays until that removes it", () => {
    expect(spec.backoffLimit).toBe(0);
    expect(pod.restartPolicy).toBe("Never");
    expect(metadata.annotations).toEqual({ "pulumi.com/replaceUnready": "true" });
    expect(spec).not.toHaveProperty("ttlSecondsAfterFinished");
  });

  test("is not failed by a node drain", () => {
    expect(spec.podFailurePolicy.rules).toEqual([
      { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
    ]);
  });

  test("ends by its own deadline before the engine gives up", () => {
    expect(spec.activeDeadlineSeconds).toBeGreaterThan(0);
    expect(toSeconds(smokeTimeout(demo))).toBeGreaterThan(spec.activeDeadlineSeconds);
  });

  test("is what Pod Security restricted asks for, and no slot's Service takes its pod for a server", () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(spec.template.metadata.labels).toMatchObject({ app: "demo-smoke" });
    expect(spec.template.metadata.labels).not.toHaveProperty("slot");
  });
});

describe("a service's smoke test", () => {
  test("asks whether it is ready where the catalogue says nothing", () => {
    expect(smokeChecks({ ...demo, smoke: [] })).toEqual([
      { name: "readiness", path: "/health", status: 200 },
    ]);
  });

  test("connects first where no gateway stands before it", () => {
    expect(smokeChecks({ ...demo, kind: "tcp", smoke: [] }).map(({ name }) => name)).toEqual([
      "connection",
      "readiness",
    ]);
  });

  test("sends what the catalogue says", () => {
    expect(smokeChecks(backend)).toContainEqual({
      name: "login flow",
      path: "/auth/login",
      json: { email: "smoke-test@paws360.example", password: "nobody" },
      status: 401,
    });
  });
});

describe("a migration's Job", () => {
  const migrating = {
    ...backend,
    migration: { command: ["/app/migrate", "up"], timeout: parseDuration("20m") },
  };
  const r1 = { release: "r1", image: "acme/api:r1", schema: { min: 1, max: 2 } };
  const r2 = { release: "r2", image: "acme/api:r2", schema: { min: 2, max: 3 } };
  const canary: Release = { phase: "canary", active: "blue", weight: 0, gate: 5, blue: r1, green: r2 };
  const job = (release: Release, slot: "blue" | "green" = "green") =>
    migrationJob(migrating, planSlots(migrating, release)[slot], made);
  const { metadata, spec } = job(canary) ?? expect.unreachable();
  const [container] = spec.template.spec.containers;

  test("runs the candidate's image with the service's variables and the schemas that it works with", () => {
    expect(metadata.name).toBe("paws360-backend-migration-r2");
    expect(container).toMatchObject({
      image: "acme/api:r2",
      command: ["/app/migrate", "up"],
      envFrom: [{ configMapRef: { name: "config-1" } }, { secretRef: { name: "secret-1" } }],
    });
    expect(container?.env).toEqual([
      { name: "SLOT", value: "green" },
      { name: "RELEASE", value: "r2" },
      { name: "SCHEMA_MIN", value: "2" },
      { name: "SCHEMA_MAX", value: "3" },
    ]);
  });

  test("has the service's secrets as files where the service has them so", () => {
    const files = { ...migrating, secretsAs: "files" } as const;
    const { spec: own } =
      migrationJob(files, planSlots(files, canary).green, made)?.spec.template ?? expect.unreachable();
    expect(own.containers[0]?.envFrom).toEqual([{ configMapRef: { name: "config-1" } }]);
    expect(own.containers[0]?.volumeMounts).toContainEqual({
      name: "service-secrets",
      mountPath: "/run/secrets",
      readOnly: true,
    });
    expect(own.volumes).toContainEqual({
      name: "service-secrets",
      secret: { secretName: "secret-1", defaultMode: 0o440 },
    });
  });

  test("is the same at every step of a release: it runs once", () => {
    for (const [weight, gate] of [
      [5, 5],
      [5, 25],
      [100, 100],
    ]) {
      expect(job({ ...canary, weight, gate } as Release)).toEqual({ metadata, spec });
    }
    expect(metadata).not.toHaveProperty("annotations");
  });

  test.each<[string, Release]>([
    ["on the way back", { phase: "rollback", active: "blue", blue: r1, green: r2 }],
    ["once the release is the service's version", { phase: "steady", active: "green", blue: r1, green: r2 }],
    ["for a release that says nothing about the schema", { ...canary, green: { ...r2, schema: undefined } }],
  ])("is not there %s", (_, release) => {
    expect([job(release, "blue"), job(release, "green")]).toEqual([undefined, undefined]);
  });

  test("is not there for a service without one", () => {
    expect(migrationJob(backend, planSlots(backend, canary).green, made)).toBeUndefined();
  });

  test("may reach what the service may reach, but no Service takes its pod for a server", () => {
    expect(spec.template.metadata.labels).toMatchObject({ app: "paws360-backend" });
    expect(spec.template.metadata.labels).not.toHaveProperty("slot");
    expect(spec.template.spec).toMatchObject({
      serviceAccountName: "paws360-backend",
      securityContext: { runAsNonRoot: true },
    });
    expect(container).not.toHaveProperty("readinessProbe");
  });

  test("may take as long as the catalogue says", () => {
    expect(spec.activeDeadlineSeconds).toBe(1_200);
    expect(toSeconds(migrationTimeout(migrating))).toBeGreaterThan(1_200);
  });
});
