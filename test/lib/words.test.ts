import { describe, expect, test } from "vitest";
import { labels } from "../../infra/lib/labels.ts";
import { DNS_LABEL, HOSTNAME, namespaceOf, otherSlot, protectsLive } from "../../infra/lib/names.ts";
import { nearest, suggest } from "../../infra/lib/nearest.ts";

describe("nearest", () => {
  const known = ["services", "releases", "apiServer"];

  test.each([
    ["servces", "services"],
    ["apiserver", "apiServer"],
    ["relaese", "releases"],
    ["unicorns", undefined],
  ])("%s -> %s", (word, found) => {
    expect(nearest(word, known)).toBe(found);
  });

  test("without a near one, suggest lists what there is", () => {
    expect(suggest("unicorns", known)).toBe("known here: services, releases, apiServer");
    expect(suggest("unicorns", [])).toBe("remove it");
  });
});

describe("names", () => {
  test.each(["demo", "paws360-backend", "a"])("%s may be a name", (name) => {
    expect(name).toMatch(DNS_LABEL);
  });

  test.each(["Demo", "3d", "a-", "a.b", "x".repeat(41), ""])("%j may not", (name) => {
    expect(name).not.toMatch(DNS_LABEL);
  });

  test.each(["demo.localhost", "a.b-c.example"])("%s may be a host name", (name) => {
    expect(name).toMatch(HOSTNAME);
  });

  test.each(["localhost", "http://a.b", "a.b:80", "*.a.b", "A.b", "-a.b"])("%j may not", (name) => {
    expect(name).not.toMatch(HOSTNAME);
  });

  test("say owner and environment", () => {
    expect(namespaceOf("paws360", "production")).toBe("paws360-production");
    expect(otherSlot("blue")).toBe("green");
    expect(otherSlot("green")).toBe("blue");
  });

  test("only production is protected", () => {
    expect((["production", "staging", "sandbox", "e2e"] as const).filter(protectsLive)).toEqual([
      "production",
    ]);
  });
});

test("labels name application, system, environment and slot; a version only where there is one", () => {
  const identity = { name: "api", component: "service", partOf: "shop", environment: "staging" } as const;
  expect(labels({ ...identity, slot: "blue", version: "r42" })).toEqual({
    "app.kubernetes.io/name": "api",
    "app.kubernetes.io/instance": "api-staging",
    "app.kubernetes.io/version": "r42",
    "app.kubernetes.io/component": "service",
    "app.kubernetes.io/part-of": "shop",
    "app.kubernetes.io/managed-by": "slipway",
    "slipway.dev/environment": "staging",
    "slipway.dev/slot": "blue",
  });
  expect(Object.keys(labels(identity))).toHaveLength(6);
});
