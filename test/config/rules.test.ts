import { describe, expect, test } from "vitest";
import { parse } from "../../infra/config/parse.ts";
import { stackRules } from "../../infra/stack.ts";
import { rawStack, type StackName, withSecrets, withValue } from "../support/config.ts";
import { faultsOf } from "../support/faults.ts";

function faults(stack: StackName, path: readonly (string | number)[], value: unknown): string[] {
  const raw = withValue(withSecrets(rawStack(stack)), path, value);
  return faultsOf(() => parse({ ...raw, line: undefined }, stackRules));
}

describe("production is checked harder: what staging may do, production may not", () => {
  test.each<[string, (string | number)[], unknown, string]>([
    [
      "an image without a digest in a slot",
      ["slipway:releases", "demo", "blue", "image"],
      "ghcr.io/acme/demo:r1",
      'slipway:releases.demo.blue.image: "ghcr.io/acme/demo:r1" has no digest: in production a tag may come to mean another image\n' +
        "  -> write registry/name@sha256:…",
    ],
    [
      "an image of Prometheus without a digest",
      ["slipway:monitoring", "prometheus", "image"],
      "quay.io/prometheus/prometheus:v3.15.0",
      'slipway:monitoring.prometheus.image: "quay.io/prometheus/prometheus:v3.15.0" has no digest: in production a tag may come to mean another image\n' +
        "  -> write registry/name@sha256:…",
    ],
    [
      "a smoke test's runner without a digest",
      ["slipway:delivery", "smoke", "image"],
      "docker.io/library/node:24-slim",
      'slipway:delivery.smoke.image: "docker.io/library/node:24-slim" has no digest: in production a tag may come to mean another image\n' +
        "  -> write registry/name@sha256:…",
    ],
    [
      "a single replica",
      ["slipway:services", "paws360-frontend", "replicas"],
      1,
      "slipway:services.paws360-frontend.replicas: found 1: in production one pod is an outage whenever its node goes\n" +
        "  -> write at least 2",
    ],
    [
      "Prometheus under a public name",
      ["slipway:monitoring", "prometheus", "hostname"],
      "prometheus.paws360.example",
      "slipway:monitoring.prometheus.hostname: Prometheus has no log-in: production must not publish it\n  -> remove it",
    ],
    [
      "a gateway without TLS",
      ["slipway:gateway", "certificate"],
      undefined,
      "slipway:gateway.certificate: is missing: production serves HTTPS only\n  -> name a TLS Secret of the gateway's namespace",
    ],
  ])("%s", (_, path, value, fault) => {
    expect(faults("production", path, value)).toEqual([`Pulumi.production.yaml: ${fault}`]);
    expect(faults("staging", path, value)).toEqual([]);
  });

  test("Prometheus without a volume", () => {
    const memory = (stack: StackName) => {
      const raw = withValue(
        withSecrets(rawStack(stack)),
        ["slipway:monitoring", "prometheus", "storageClass"],
        undefined,
      );
      const bare = withValue(raw, ["slipway:monitoring", "prometheus", "storage"], undefined);
      return faultsOf(() => parse({ ...bare, line: undefined }, stackRules));
    };
    expect(memory("production")).toEqual([
      "Pulumi.production.yaml: slipway:monitoring.prometheus.storage: is missing: production keeps its samples over a restart\n  -> write a size",
    ]);
    expect(memory("staging")).toEqual([]);
  });
});

describe("across areas", () => {
  test.each<[string, (string | number)[], unknown, string]>([
    [
      "a service that the catalogue does not have",
      ["slipway:services", "dmo"],
      { hostnames: ["dmo.localhost"] },
      'slipway:services.dmo: the catalogue has no service "dmo"\n  -> did you mean "demo"?',
    ],
    [
      "a service without a release",
      ["slipway:releases", "demo"],
      undefined,
      'slipway:releases.demo: no release of "demo"\n' +
        "  -> say what runs first: { phase: steady, active: blue, blue: { release: r1, image: … } }",
    ],
    [
      "two services under one host name",
      ["slipway:monitoring", "prometheus", "hostname"],
      "demo.localhost",
      'slipway:monitoring.prometheus.hostname: the host name "demo.localhost" is taken\n  -> give each its own',
    ],
    [
      "the image of another service",
      ["slipway:releases", "demo", "blue", "image"],
      "slipway.local/prometheus:r1",
      'slipway:releases.demo.blue.image: "slipway.local/prometheus:r1" is not an image of demo',
    ],
    [
      "a variable that Slipway sets",
      ["slipway:services", "demo", "config"],
      { SLOT: "blue" },
      "slipway:services.demo.config.SLOT: SLOT is set by Slipway or comes from a secret\n  -> remove it here",
    ],
    [
      "a gateway whose traffic no policy can name",
      ["slipway:gateway", "preset"],
      "gke",
      "slipway:gateway.dataPlaneAddresses: is missing: traffic of gke does not come from pods that a network policy can name\n" +
        "  -> list the addresses it comes from",
    ],
    [
      "a scrape that takes longer than its interval",
      ["slipway:monitoring", "prometheus", "scrapeTimeout"],
      "10s",
      "slipway:monitoring.prometheus.scrapeTimeout: scrapeTimeout is longer than scrapeInterval",
    ],
    [
      "a slot state that may not be",
      ["slipway:releases", "demo", "phase"],
      "rollback",
      "slipway:releases.demo.phase: phase rollback, but green has no release to go back from\n  -> set phase: steady",
    ],
  ])("%s", (_, path, value, fault) => {
    expect(faults("sandbox", path, value)).toContain(`Pulumi.sandbox.yaml: ${fault}`);
  });

  test("a release of a service that does not run here", () => {
    const release = { phase: "steady", active: "blue", blue: { release: "r1", image: "a/demo:r1" } };
    expect(faults("sandbox", ["slipway:releases", "dem"], release)).toEqual([
      'Pulumi.sandbox.yaml: slipway:releases.dem: a release of "dem", which slipway:services does not list\n' +
        '  -> did you mean "demo"?',
    ]);
  });

  test("two kubeconfigs", () => {
    const raw = withValue(rawStack("sandbox"), ["slipway:cluster", "kubeconfig"], "/etc/kubeconfig");
    const secrets = new Set(["slipway:secret-kubeconfig"]);
    expect(faultsOf(() => parse({ ...raw, secrets, line: undefined }, stackRules))).toEqual([
      "Pulumi.sandbox.yaml: slipway:cluster.kubeconfig: the kubeconfig is given twice, as a path and as a secret\n  -> keep one",
    ]);
  });
});
