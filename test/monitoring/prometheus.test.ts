import { describe, expect, test } from "vitest";
import { rawStack } from "../support/config.ts";
import { find, type Run } from "../support/engine.ts";
import { runStack } from "../support/program.ts";
import { redact } from "../support/secrets.ts";

/** The pod of Prometheus' Deployment. */
function podOf(recorded: Run) {
  const { inputs } = find(recorded, "kubernetes:apps/v1:Deployment", "prometheus");
  // biome-ignore lint/suspicious/noExplicitAny: recorded inputs have no type
  return (redact(inputs) as any).spec.template.spec;
}

describe.each([
  ["update", false],
  ["preview", true],
])("Prometheus in a %s", (_, preview) => {
  test("mounts its configuration by a name that changes with the content", async () => {
    const recorded = await runStack(rawStack("sandbox"), preview);
    const { inputs } = find(recorded, "kubernetes:core/v1:ConfigMap", "prometheus");
    expect(inputs).toMatchObject({
      immutable: true,
      data: { "prometheus.yml": expect.stringContaining("scrape_configs") },
    });
    expect(inputs.metadata).not.toHaveProperty("name");
    expect(podOf(recorded).volumes).toContainEqual({
      name: "config",
      configMap: { name: preview ? "[unknown]" : "prometheus-0a1b2c3d" },
    });
  });

  test("keeps its samples where the stack file says so", async () => {
    const [sandbox, production] = [
      await runStack(rawStack("sandbox"), preview),
      await runStack(rawStack("production"), preview),
    ];
    expect(podOf(sandbox).volumes).toContainEqual({ name: "data", emptyDir: {} });
    expect(sandbox.resources.filter(({ type }) => type.endsWith(":PersistentVolumeClaim"))).toEqual([]);

    expect(podOf(production).volumes).toContainEqual({
      name: "data",
      persistentVolumeClaim: { claimName: "prometheus" },
    });
    const claim = find(production, "kubernetes:core/v1:PersistentVolumeClaim", "prometheus");
    expect(claim.protect).toBe(true);
    expect(claim.inputs.spec).toMatchObject({
      storageClassName: "fast",
      resources: { requests: { storage: "200Gi" } },
    });
  });

  test("is reached through the gateway only where it has a host name", async () => {
    const [sandbox, production] = [
      await runStack(rawStack("sandbox"), preview),
      await runStack(rawStack("production"), preview),
    ];
    const route = find(sandbox, "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", "prometheus");
    expect(route.inputs.spec).toMatchObject({ hostnames: ["prometheus.localhost"] });
    expect(podOf(sandbox).containers[0].args).toContain("--web.external-url=http://prometheus.localhost");
    expect(sandbox.outputs.urls).toMatchObject({ prometheus: ["http://prometheus.localhost"] });
    expect(() =>
      find(production, "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute", "prometheus"),
    ).toThrow();
    expect(production.outputs.urls).not.toHaveProperty("prometheus");
  });

  test("starts only when its namespace is ready for it", async () => {
    const recorded = await runStack(rawStack("sandbox"), preview);
    const { dependsOn } = find(recorded, "kubernetes:apps/v1:Deployment", "prometheus");
    expect(dependsOn).toEqual(
      expect.arrayContaining([
        "kubernetes:core/v1:ServiceAccount platform-monitoring-prometheus",
        "kubernetes:core/v1:ResourceQuota platform-monitoring-quota",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy platform-monitoring-prometheus",
      ]),
    );
  });
});
