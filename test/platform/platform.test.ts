import { describe, expect, test } from "vitest";
import slipway from "../../infra/index.ts";
import { canarySecrets, rawStack, withValue } from "../support/config.ts";
import { find, runProgram } from "../support/engine.ts";
import { runStack } from "../support/program.ts";
import { secretPaths } from "../support/secrets.ts";

const staging = rawStack("staging");
const PROVIDER = "pulumi:providers:kubernetes";

describe.each([
  ["update", false],
  ["preview", true],
])("the platform in a %s", (_, preview) => {
  test("puts every object into a namespace of its own environment", async () => {
    const { resources } = await runStack(staging, preview);
    const own = ["demo-staging", "paws360-staging", "monitoring-staging", "gateway-staging"];
    const placed = resources.filter(
      ({ type }) => type.startsWith("kubernetes:") && !type.endsWith(":Namespace"),
    );
    expect(placed.length).toBeGreaterThan(40);
    for (const { inputs } of placed)
      expect(own).toContain((inputs.metadata as { namespace: string }).namespace);
  });

  test("creates nothing that reaches beyond its namespaces", async () => {
    const { resources } = await runStack(staging, preview);
    expect(resources.filter(({ type }) => /:Cluster|:CustomResourceDefinition|Webhook/.test(type))).toEqual(
      [],
    );
  });

  test("lets Prometheus find endpoints, and nothing more", async () => {
    const recorded = await runStack(staging, preview);
    const { inputs } = find(
      recorded,
      "kubernetes:rbac.authorization.k8s.io/v1:Role",
      "platform-paws360-discovery",
    );
    expect(inputs.rules).toEqual([
      { apiGroups: [""], resources: ["pods", "services"], verbs: ["get", "list", "watch"] },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"] },
    ]);
    const binding = find(
      recorded,
      "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
      "platform-paws360-discovery",
    );
    expect(binding.inputs.subjects).toEqual([
      { kind: "ServiceAccount", name: "prometheus", namespace: "monitoring-staging" },
    ]);
  });

  test("gives no ServiceAccount a token by itself", async () => {
    const accounts = (await runStack(staging, preview)).resources.filter(({ type }) =>
      type.endsWith(":ServiceAccount"),
    );
    expect(accounts.length).toBe(4);
    for (const { inputs } of accounts) expect(inputs.automountServiceAccountToken).toBe(false);
  });

  test("protects namespaces and Gateway in production", async () => {
    const { resources } = await runStack(rawStack("production"), preview);
    const objects = resources.filter(({ type }) => /:(Namespace|Gateway)$/.test(type));
    expect(objects.length).toBe(5);
    for (const { protect } of objects) expect(protect).toBe(true);
  });
});

describe("the provider", () => {
  test("is pinned to one cluster", async () => {
    expect(find(await runStack(staging, false), PROVIDER, "cluster").inputs).toEqual({
      context: "paws360-staging",
      clusterIdentifier: "paws360-staging",
      enableServerSideApply: "true",
    });
  });

  test("takes the kubeconfig from a file", async () => {
    const config = withValue(staging, ["slipway:cluster", "kubeconfig"], "/run/kubeconfig");
    expect(find(await runStack(config, false), PROVIDER, "cluster").inputs.kubeconfig).toBe(
      "/run/kubeconfig",
    );
  });

  test("takes the kubeconfig from a secret, and keeps it one", async () => {
    const secrets = { ...canarySecrets(staging), "slipway:secret-kubeconfig": "canary-kubeconfig" };
    const { inputs } = find(await runProgram(slipway, { config: staging, secrets }), PROVIDER, "cluster");
    expect(secretPaths(inputs)).toEqual(["kubeconfig"]);
  });
});
