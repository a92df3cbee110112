import { describe, expect, test } from "vitest";
import { cidr, hasDigest, image, repositoryOf, urlPath, variable } from "../../infra/config/schema/values.ts";
import { readServiceSecrets, serviceSecret, setSecretCommand } from "../../infra/config/secrets.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("images", () => {
  test.each([
    "slipway.local/demo:r1",
    `slipway.local/demo@${digest}`,
    `ghcr.io/acme/demo:r1@${digest}`,
    "localhost:5000/demo:1.2.3",
    "demo:r1",
  ])("%s says which image it is", (reference) => {
    expect(image.safeParse(reference).success).toBe(true);
  });

  test.each([
    "demo",
    "demo:latest",
    "ghcr.io/acme/demo",
    "localhost:5000/demo",
    "demo@sha256:abc",
    "Demo:r1",
    "",
  ])("%j does not", (reference) => {
    expect(image.safeParse(reference).success).toBe(false);
  });

  test("a digest may stand beside a latest tag: it decides", () => {
    expect(image.safeParse(`demo:latest@${digest}`).success).toBe(true);
    expect(hasDigest(`demo:latest@${digest}`)).toBe(true);
    expect(hasDigest("demo:r1")).toBe(false);
  });

  test.each([
    ["localhost:5000/acme/demo", "localhost:5000/acme/demo"],
    ["localhost:5000/acme/demo:r1", "localhost:5000/acme/demo"],
    [`ghcr.io/acme/demo@${digest}`, "ghcr.io/acme/demo"],
    [`ghcr.io/acme/demo:r1@${digest}`, "ghcr.io/acme/demo"],
    ["demo:r1", "demo"],
  ])("the repository of %s is %s", (reference, repository) => {
    expect(repositoryOf(reference)).toBe(repository);
  });
});

describe("other values", () => {
  test.each(["10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32"])("%s is a range of addresses", (text) => {
    expect(cidr.safeParse(text).success).toBe(true);
  });

  test.each(["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "2001:db8::/129", "10.0.0.0/8/8", "10.0.0.0/"])(
    "%s is none",
    (text) => {
      expect(cidr.safeParse(text).success).toBe(false);
    },
  );

  test("paths begin with a slash and hold no query", () => {
    expect(["/health", "/"].map((text) => urlPath.safeParse(text).success)).toEqual([true, true]);
    expect(["health", "/a?b", "/a b"].map((text) => urlPath.safeParse(text).success)).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("variables are written in capitals", () => {
    expect(["LOG_LEVEL", "A1"].map((text) => variable.safeParse(text).success)).toEqual([true, true]);
    expect(["logLevel", "1A", "A-B"].map((text) => variable.safeParse(text).success)).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe("secrets", () => {
  test("are named after service and variable", () => {
    expect(serviceSecret("api", "DATABASE_PASSWORD")).toBe("api-database-password");
    expect(readServiceSecrets("api", ["A_B", "C"], (name) => `<${name}>`)).toEqual({
      A_B: "<api-a-b>",
      C: "<api-c>",
    });
  });

  test("are set by a command that asks for the value", () => {
    expect(setSecretCommand("api-a-b", "staging")).toBe(
      "pulumi config set --secret slipway:secret-api-a-b --stack staging",
    );
  });
});
