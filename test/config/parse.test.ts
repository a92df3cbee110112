import { describe, expect, test } from "vitest";
import { parse } from "../../infra/config/parse.ts";
import { stackRules } from "../../infra/stack.ts";
import { canarySecrets, rawStack, type StackName, withSecrets, withValue } from "../support/config.ts";
import { faultsOf } from "../support/faults.ts";

const sandbox = rawStack("sandbox");
const production = withSecrets(rawStack("production"));

/** The faults of a stack with one value changed. */
function faults(stack: StackName, path: readonly (string | number)[], value: unknown): string[] {
  const raw = withValue(withSecrets(rawStack(stack)), path, value);
  return faultsOf(() => parse({ ...raw, line: undefined }, stackRules));
}

describe("the stacks of the repository", () => {
  test.each(["sandbox", "staging", "production"] as const)(
    "%s has no fault once its secrets are set",
    (stack) => {
      expect(faultsOf(() => parse(withSecrets(rawStack(stack)), stackRules))).toEqual([]);
    },
  );
});

describe("the shape of an area", () => {
  test.each<[string, (string | number)[], unknown, string]>([
    [
      "unknown key",
      ["slipway:services", "demo", "replcas"],
      3,
      'Pulumi.sandbox.yaml: slipway:services.demo.replcas: unknown key "replcas"\n  -> did you mean "replicas"?',
    ],
    [
      "unknown key far from all",
      ["slipway:platform", "colour"],
      "red",
      'Pulumi.sandbox.yaml: slipway:platform.colour: unknown key "colour"\n  -> known here: quotaHeadroom, containerDefaults',
    ],
    [
      "unknown area",
      ["slipway:servces"],
      {},
      'Pulumi.sandbox.yaml: slipway:servces: unknown key "slipway:servces"\n  -> did you mean "slipway:services"?',
    ],
    [
      "wrong word",
      ["slipway:gateway", "preset"],
      "trafik",
      'Pulumi.sandbox.yaml: slipway:gateway.preset: found "trafik"\n  -> did you mean "traefik"?',
    ],
    [
      "text for a number",
      ["slipway:services", "demo", "replicas"],
      "three",
      'Pulumi.sandbox.yaml: slipway:services.demo.replicas: found "three"\n  -> write a number',
    ],
    [
      "number too small",
      ["slipway:services", "demo", "replicas"],
      0,
      "Pulumi.sandbox.yaml: slipway:services.demo.replicas: found 0\n  -> write at least 1",
    ],
    [
      "number too big",
      ["slipway:gateway", "listenerPort"],
      80_000,
      "Pulumi.sandbox.yaml: slipway:gateway.listenerPort: found 80000\n  -> write at most 65535",
    ],
    [
      "fraction",
      ["slipway:services", "demo", "replicas"],
      1.5,
      "Pulumi.sandbox.yaml: slipway:services.demo.replicas: found 1.5\n  -> write a whole number",
    ],
    [
      "empty list",
      ["slipway:services", "demo", "hostnames"],
      [],
      "Pulumi.sandbox.yaml: slipway:services.demo.hostnames: found []\n  -> list at least 1",
    ],
    [
      "item of a list",
      ["slipway:services", "demo", "hostnames", 0],
      "http://demo.localhost",
      'Pulumi.sandbox.yaml: slipway:services.demo.hostnames[0]: found "http://demo.localhost"\n' +
        '  -> write a host name in lower case without scheme or port, such as "shop.example.org"',
    ],
    [
      "name that Kubernetes refuses",
      ["slipway:services", "Demo"],
      { hostnames: ["a.b"] },
      'Pulumi.sandbox.yaml: slipway:services.Demo: the name "Demo" cannot be used\n' +
        "  -> write lower-case letters, digits and dashes, starting with a letter, at most 40",
    ],
    [
      "missing map",
      ["slipway:cluster", "apiServer"],
      undefined,
      "Pulumi.sandbox.yaml: slipway:cluster.apiServer: is missing\n  -> give it: port, addresses",
    ],
    [
      "missing area",
      ["slipway:platform"],
      undefined,
      "Pulumi.sandbox.yaml: slipway:platform: is missing\n  -> give it: quotaHeadroom, containerDefaults",
    ],
    [
      "missing word",
      ["slipway:environment"],
      undefined,
      "Pulumi.sandbox.yaml: slipway:environment: is missing\n  -> write one of production, staging, sandbox, e2e",
    ],
    [
      "image that may come to mean another",
      ["slipway:monitoring", "prometheus", "image"],
      "slipway.local/prometheus:latest",
      'Pulumi.sandbox.yaml: slipway:monitoring.prometheus.image: "slipway.local/prometheus:latest" does not say which image it is\n' +
        '  -> give a digest ("registry/name@sha256:…") or a tag other than "latest"',
    ],
    [
      "range of addresses",
      ["slipway:services", "demo", "egress"],
      [{ addresses: "10.0.0.0/40", port: 1 }],
      'Pulumi.sandbox.yaml: slipway:services.demo.egress[0].addresses: "10.0.0.0/40" is not a range of addresses\n' +
        '  -> write one such as "10.20.0.0/16"',
    ],
    [
      "limit below request",
      ["slipway:platform", "containerDefaults", "limits", "memory"],
      "1Mi",
      "Pulumi.sandbox.yaml: slipway:platform.containerDefaults.limits.memory: the memory limit is below the memory request",
    ],
  ])("%s", (_, path, value, fault) => {
    expect(faults("sandbox", path, value)).toEqual([fault]);
  });
});

describe("units", () => {
  test.each<[(string | number)[], unknown, string]>([
    [["slipway:monitoring", "prometheus", "retention"], 30, '"30" has no unit'],
    [["slipway:monitoring", "prometheus", "retention"], "30 days", '"30 days" is not a duration'],
    [["slipway:platform", "containerDefaults", "requests", "memory"], "32m", '"32m" is an amount of CPU'],
    [["slipway:platform", "containerDefaults", "requests", "cpu"], "32Mi", '"32Mi" is an amount of memory'],
    [["slipway:platform", "quotaHeadroom"], 50, '"50" is not a percentage'],
  ])("%j: %j is refused with an example of the right one", (path, value, what) => {
    const [fault, ...rest] = faults("sandbox", path, value);
    expect(rest).toEqual([]);
    expect(fault).toContain(what);
    expect(fault).toMatch(/\n {2}-> .*such as "/);
  });

  test("a missing value shows how one is written", () => {
    expect(faults("sandbox", ["slipway:monitoring", "prometheus", "retention"], undefined)).toEqual([
      'Pulumi.sandbox.yaml: slipway:monitoring.prometheus.retention: is missing\n  -> write text such as "15m"',
    ]);
  });

  test("bare numbers are fine where Kubernetes takes them", () => {
    expect(faults("sandbox", ["slipway:platform", "containerDefaults", "requests", "cpu"], 1)).toEqual([]);
  });
});

describe("all faults at once", () => {
  test("of every area, those across areas included, in the order of the file", () => {
    let raw = withValue(production, ["slipway:gateway", "preset"], "isto");
    raw = withValue(raw, ["slipway:services", "demo", "replicas"], 1);
    raw = withValue(raw, ["slipway:releases", "demo", "active"], "green");
    const where = faultsOf(() => parse(raw, stackRules)).map((fault) => fault.split(": ")[1]);
    expect(where).toEqual([
      "slipway:gateway.preset",
      "slipway:services.demo.replicas",
      "slipway:releases.demo.active",
    ]);
  });
});

describe("the layout's version", () => {
  test("a newer one is the only fault told", () => {
    const raw = withValue(withValue(sandbox, ["slipway:schemaVersion"], 2), ["slipway:novelty"], {});
    expect(faultsOf(() => parse({ ...raw, line: undefined }, stackRules))).toEqual([
      "Pulumi.sandbox.yaml: slipway:schemaVersion: this file was written by a newer Slipway (layout 2; this one reads up to 1)\n" +
        "  -> update Slipway: git pull, then npm ci",
    ]);
  });

  test.each([
    [undefined, "is missing\n  -> write a number"],
    [0, "found 0\n  -> write at least 1"],
    ["one", 'found "one"\n  -> write a number'],
  ])("%j is no version", (version, fault) => {
    expect(faults("sandbox", ["slipway:schemaVersion"], version)).toEqual([
      `Pulumi.sandbox.yaml: slipway:schemaVersion: ${fault}`,
    ]);
  });

  test("may come as text, which is how the engine hands it over", () => {
    expect(parse(withValue(sandbox, ["slipway:schemaVersion"], "1"), stackRules).schemaVersion).toBe(1);
  });
});

describe("secrets", () => {
  test("a missing one is told with the command that sets it", () => {
    const raw = rawStack("production");
    const first = "slipway:secret-paws360-backend-spring-datasource-password";
    const missing = faultsOf(() => parse(raw, stackRules));
    expect(missing).toHaveLength(Object.keys(canarySecrets(raw)).length);
    expect(missing[0]).toBe(
      `Pulumi.production.yaml: ${first}: is missing: paws360-backend reads it as SPRING_DATASOURCE_PASSWORD\n` +
        `  -> run: pulumi config set --secret ${first} --stack production`,
    );
  });

  test("one that nobody reads is told with its nearest spelling", () => {
    const secrets = new Set(production.secrets).add("slipway:secret-paws360-backend-jwt-signin-key");
    expect(faultsOf(() => parse({ ...production, secrets }, stackRules))).toEqual([
      'Pulumi.production.yaml: slipway:secret-paws360-backend-jwt-signin-key: no service of this stack reads the secret "paws360-backend-jwt-signin-key"\n' +
        '  -> did you mean "paws360-backend-jwt-signing-key"?',
    ]);
  });

  test("one in clear text is refused without being shown", () => {
    const key = "slipway:secret-paws360-frontend-session-secret";
    const secrets = new Set([...production.secrets].filter((secret) => secret !== key));
    const raw = withValue({ ...production, secrets }, [key], "canary-in-clear-text");
    const told = faultsOf(() => parse(raw, stackRules));
    expect(told.some((fault) => fault.includes(`${key}: a secret is stored in clear text`))).toBe(true);
    expect(told.join("\n")).not.toContain("canary-in-clear-text");
  });

  test("one inside an area is refused, and the area with it not shown", () => {
    const { "slipway:cluster": _, ...values } = sandbox.values;
    const raw = { ...sandbox, values, secrets: new Set(["slipway:cluster"]), line: undefined };
    expect(faultsOf(() => parse(raw, stackRules))).toEqual([
      "Pulumi.sandbox.yaml: slipway:cluster: holds a secret, which hides the whole key\n" +
        "  -> give the secret a key of its own, slipway:secret-…",
    ]);
  });
});

test("default providers must be disabled", () => {
  const fault = /^Pulumi.sandbox.yaml: pulumi:disable-default-providers: default providers are not disabled/;
  for (const value of [undefined, [], ["kubernetes"], "*"]) {
    const [first, ...rest] = faults("sandbox", ["pulumi:disable-default-providers"], value);
    expect(first).toMatch(fault);
    expect(rest).toEqual([]);
  }
});

test("keys of other namespaces are none of our business", () => {
  expect(faults("sandbox", ["aws:region"], "eu-west-1")).toEqual([]);
});
