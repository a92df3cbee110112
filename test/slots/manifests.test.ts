import { describe, expect, test } from "vitest";
import type { Release } from "../../infra/config/schema/releases.ts";
import { toSeconds } from "../../infra/lib/duration.ts";
import {
  deployment,
  disruptionBudget,
  rolloutTimeout,
  route,
  slotService,
} from "../../infra/slots/model/manifests.ts";
import { planSlots } from "../../infra/slots/model/plan.ts";
import { serviceIn } from "../support/config.ts";

const backend = serviceIn("staging", "paws360-backend");
const demo = serviceIn("sandbox", "demo");
const made = { configMap: "config-1", secret: "secret-1" };
const gateway = { name: "slipway", namespace: "gateway-staging" };

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

  test("is awaited, unless it was withdrawn: then it must not hold up the way back", () => {
    expect(metadata.annotations).toBeUndefined();
    const withdrawn = deployment(demo, planSlots(demo, rollback).green, made);
    expect(withdrawn.metadata.annotations).toEqual({ "pulumi.com/skipAwait": "true" });
    expect(withdrawn.spec).toEqual(deployment(demo, planSlots(demo, steady).green, made).spec);
    expect(deployment(demo, planSlots(demo, rollback).blue, made).metadata.annotations).toBeUndefined();
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

describe("the route", () => {
  const backends = (release: Release) =>
    route(demo, planSlots(demo, release), gateway).spec.rules[0]?.backendRefs;

  test.each<[string, Release, number, number]>([
    ["steady", steady, 100, 0],
    ["in a canary", canary, 95, 5],
    ["on the way back", rollback, 100, 0],
  ])("names both slots with every field, %s", (_, release, blue, green) => {
    expect(backends(release)).toEqual([
      { group: "", kind: "Service", name: "demo-blue", port: 80, weight: blue },
      { group: "", kind: "Service", name: "demo-green", port: 80, weight: green },
    ]);
  });

  test("is the only difference between two steps", () => {
    const next: Release = { ...canary, weight: 25 };
    const [five, twentyFive] = [planSlots(demo, canary), planSlots(demo, next)];
    for (const slot of ["blue", "green"] as const) {
      expect(deployment(demo, twentyFive[slot], made)).toEqual(deployment(demo, five[slot], made));
    }
    expect(backends(next)).not.toEqual(backends(canary));
  });

  test("attaches to the environment's gateway under the service's names", () => {
    expect(route(demo, planSlots(demo, steady), gateway).spec).toMatchObject({
      parentRefs: [
        {
          group: "gateway.networking.k8s.io",
          kind: "Gateway",
          namespace: "gateway-staging",
          name: "slipway",
        },
      ],
      hostnames: ["demo.localhost"],
    });
  });

  test("takes its fields back from whoever patched them in an emergency", () => {
    expect(route(demo, planSlots(demo, steady), gateway).metadata.annotations).toEqual({
      "pulumi.com/patchForce": "true",
    });
  });
});
