import { describe, expect, test } from "vitest";
import { clusterAccess } from "../../infra/platform/model/cluster.ts";

const cluster = { context: "shop-staging", apiServer: { port: 6443 } };
const none = () => false;

describe("the kubeconfig", () => {
  test("is the file that the stack names", () => {
    expect(clusterAccess({ ...cluster, kubeconfig: "/run/kubeconfig" }, none).kubeconfig).toEqual({
      from: "file",
      path: "/run/kubeconfig",
    });
  });

  test("else the stack's secret", () => {
    expect(clusterAccess(cluster, (name) => name === "kubeconfig").kubeconfig).toEqual({
      from: "secret",
      name: "kubeconfig",
    });
  });

  test("else whatever the environment has", () => {
    expect(clusterAccess(cluster, none).kubeconfig).toEqual({ from: "environment" });
  });
});

test("the context tells the cluster from others, whatever the kubeconfig holds", () => {
  expect(clusterAccess(cluster, none)).toMatchObject({
    context: "shop-staging",
    clusterIdentifier: "shop-staging",
  });
});
