import { describe, expect, test } from "vitest";
import type { Release } from "../../infra/config/schema/releases.ts";
import { toSeconds } from "../../infra/lib/duration.ts";
import { deployment, leftToTheCluster, rolloutTimeout } from "../../infra/slots/model/deployment.ts";
import { planSlots } from "../../infra/slots/model/plan.ts";
import { serviceIn } from "../support/config.ts";

const backend = serviceIn("staging", "paws360-backend");
const demo = serviceIn("sandbox", "demo");
const made = { configMap: "config-1", secret: "secret-1" };

const r1 = { release: "r1", image: "acme/demo:r1" };
const r2 = { release: "r2", image: "acme/demo:r2" };
const steady: Release = { phase: "steady", active: "blue", blue: r1, green: r2 };
const canary: Release = { phase: "canary", active: "blue", weight: 5, blue: r1, green: r2 };
const rollback: Release = { phase: "rollback", active: "blue", blue: r1, green: r2 };

describe("a slot's Deployment", () => {
  const { spec, metadata } = deployment(backend, planSlots(backend, backend.release).green, made);
  const pod = spec.template.spec;
  const [container] = pod.containers;

  test("selects by application and slot, and by nothing that a release changes", () => {
    expect(spec.selector).toEqual({ matchLabels: { app: "paws360-backend", slot: "green" } });
    expect(spec.template.metadata.labels).toMatchObject({
      ...spec.selector.matchLabels,
      "app.kubernetes.io/version": "r42",
    });
  });

  test("is what Pod Security restricted asks for", () => {
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
    expect(pod.serviceAccountName).toBe("paws360-backend");
  });

  test("keeps serving while endpoints learn that a pod goes", () => {
    expect(spec.strategy.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
    expect(container?.lifecycle.preStop.sleep.seconds).toBe(10);
    expect(pod.terminationGracePeriodSeconds).toBe(45);
  });

  test("asks for readiness and liveness in different places", () => {
    expect(container?.readinessProbe.httpGet.path).toBe("/actuator/health/readiness");
    expect(container?.livenessProbe.httpGet.path).toBe("/actuator/health/liveness");
    expect(container?.startupProbe).toMatchObject({ periodSeconds: 1, failureThreshold: 180 });
  });

  test("tells the pod its slot and release, and gives it both kinds of variables", () => {
    expect(container?.env).toEqual([
      { name: "SLOT", value: "green" },
      { name: "RELEASE", value: "r42" },
    ]);
    expect(container?.envFrom).toEqual([
      { configMapRef: { name: "config-1" } },
      { secretRef: { name: "secret-1" } },
    ]);
  });

  test("lets it write to its scratch folders only", () => {
    expect(container?.volumeMounts).toEqual([{ name: "tmp", mountPath: "/tmp" }]);
    expect(pod.volumes).toEqual([{ name: "tmp", emptyDir: {} }]);
    const plain = deployment(demo, planSlots(demo, steady).blue, { configMap: "c", secret: undefined });
    expect(plain.spec.template.spec.volumes).toBeUndefined();
    expect(plain.spec.template.spec.containers[0]?.envFrom).toHaveLength(1);
  });

  test("gives it secrets as files where the catalogue says so, beside its scratch folders, and as nothing else", () => {
    const files = { ...backend, secretsAs: "files" } as const;
    const { spec } = deployment(files, planSlots(files, files.release).green, made).spec.template;
    expect(spec.containers[0]?.envFrom).toEqual([{ configMapRef: { name: "config-1" } }]);
    expect(spec.containers[0]?.volumeMounts).toEqual([
      { name: "tmp", mountPath: "/tmp" },
      { name: "service-secrets", mountPath: "/run/secrets", readOnly: true },
    ]);
    expect(spec.volumes).toEqual([
      { name: "tmp", emptyDir: {} },
      { name: "service-secrets", secret: { secretName: "secret-1", defaultMode: 0o440 } },
    ]);
  });

  test("is awaited, unless it was withdrawn: then it must not hold up the way back", () => {
    const awaited = { "pulumi.com/patchForce": "true" };
    expect(metadata.annotations).toEqual(awaited);
    const withdrawn = deployment(demo, planSlots(demo, rollback).green, made);
    expect(withdrawn.metadata.annotations).toEqual({ ...awaited, "pulumi.com/skipAwait": "true" });
    expect(withdrawn.spec).toEqual(deployment(demo, planSlots(demo, steady).green, made).spec);
    expect(deployment(demo, planSlots(demo, rollback).blue, made).metadata.annotations).toEqual(awaited);
  });

  test("is waited for as long as its pods may take one after the other", () => {
    expect(spec.progressDeadlineSeconds).toBeGreaterThan(
      spec.minReadySeconds + toSeconds(backend.probes.startup),
    );
    expect(toSeconds(rolloutTimeout(backend))).toBe(spec.progressDeadlineSeconds * (backend.replicas + 1));
  });

  test("of an empty slot has no pods", () => {
    const first: Release = { phase: "steady", active: "blue", blue: r1 };
    const empty = deployment(demo, planSlots(demo, first).green, made);
    expect(empty.spec.replicas).toBe(0);
    expect(empty.spec.template.spec.containers[0]?.env).toContainEqual({ name: "RELEASE", value: "none" });
  });
});

describe("with an autoscaler, a slot's Deployment", () => {
  const scaled = { ...demo, autoscale: { min: 3, max: 8, cpu: 70 } };

  test("leaves the number of pods to it", () => {
    for (const release of [steady, canary, rollback]) {
      const { blue, green } = planSlots(scaled, release);
      for (const slot of [blue, green]) expect(deployment(scaled, slot, made).spec.replicas).toBeUndefined();
    }
  });

  test("keeps the fixed number that it was made with until its next release", () => {
    const left = (release: Release) => {
      const { blue, green } = planSlots(scaled, release);
      return [leftToTheCluster(blue), leftToTheCluster(green)];
    };
    expect(left(steady)).toEqual([["spec.replicas"], ["spec.replicas"]]);
    expect(left(canary)).toEqual([["spec.replicas"], []]);
    expect(left(rollback)).toEqual([["spec.replicas"], ["spec.replicas"]]);
    expect(leftToTheCluster(planSlots(demo, steady).blue)).toEqual([]);
  });

  test("has no pods in an empty slot, which is the engine's own to say", () => {
    const { green } = planSlots(scaled, { phase: "steady", active: "blue", blue: r1 });
    expect(deployment(scaled, green, made).spec.replicas).toBe(0);
    expect(leftToTheCluster(green)).toEqual([]);
  });

  test("is waited for as long as its largest size may take", () => {
    const one = toSeconds(rolloutTimeout({ ...demo, replicas: 1 })) / 2;
    expect(toSeconds(rolloutTimeout(scaled))).toBe(one * 9);
  });
});
