import { describe, expect, test } from "vitest";
import { parse, type RawConfig } from "../../infra/config/parse.ts";
import { notifications } from "../../infra/config/schema/notifications.ts";
import { stackRules } from "../../infra/stack.ts";
import { rawStack, withValue } from "../support/config.ts";
import { faultsOf } from "../support/faults.ts";

const KEY = "slipway:notifications";
const EMAIL = { server: "smtp.example.org:587", from: "slipway@example.org", to: ["ops@example.org"] };

function stack(section: unknown, secrets: readonly string[] = []): RawConfig {
  const raw = rawStack("sandbox");
  const all = new Set([...raw.secrets, ...secrets.map((name) => `slipway:secret-${name}`)]);
  return { ...withValue(raw, [KEY], section), secrets: all, line: undefined };
}

function faults(section: unknown, secrets: readonly string[] = []): string[] {
  return faultsOf(() => parse(stack(section, secrets), stackRules));
}

test("nobody is told where nothing is configured", () => {
  expect(parse(stack(undefined), stackRules).notifications).toEqual({});
});

test("addresses have defaults", () => {
  expect(notifications.parse({ pagerduty: {}, github: { repository: "acme/paws360" } })).toEqual({
    pagerduty: { api: "https://events.pagerduty.com" },
    github: { repository: "acme/paws360", api: "https://api.github.com" },
  });
});

test("every channel with its secret is right", () => {
  const section = {
    slack: {},
    pagerduty: {},
    email: { ...EMAIL, user: "slipway" },
    webhooks: ["http://hooks.example.org/a"],
    github: { repository: "acme/paws360" },
  };
  const secrets = ["slack-webhook", "pagerduty-routing-key", "smtp-password", "github-token"];
  expect(faults(section, secrets)).toEqual([]);
});

describe("a channel without its secret", () => {
  test.each<[string, unknown, string]>([
    ["slack", {}, "slack-webhook"],
    ["pagerduty", {}, "pagerduty-routing-key"],
    ["email", { ...EMAIL, user: "slipway" }, "smtp-password"],
    ["github", { repository: "acme/paws360" }, "github-token"],
  ])("%s", (channel, section, secret) => {
    expect(faults({ [channel]: section })).toEqual([
      `Pulumi.sandbox.yaml: slipway:secret-${secret}: is missing: slipway:notifications.${channel} needs it\n` +
        `  -> run: pulumi config set --secret slipway:secret-${secret} --stack sandbox`,
    ]);
  });

  test("a mail server without a log-in needs none", () => {
    expect(faults({ email: EMAIL })).toEqual([]);
  });
});

describe("a secret without its channel", () => {
  test.each([
    ["slack-webhook", "slack"],
    ["smtp-password", "email.user"],
  ])("%s", (secret, key) => {
    expect(faults({ email: EMAIL }, [secret])).toEqual([
      `Pulumi.sandbox.yaml: slipway:secret-${secret}: no channel of this stack uses the secret "${secret}"\n` +
        `  -> set slipway:notifications.${key}, or remove the secret`,
    ]);
  });

  test("is not told while the section itself is wrong", () => {
    expect(faults({ slak: {} }, ["slack-webhook"])).toEqual([
      'Pulumi.sandbox.yaml: slipway:notifications.slak: unknown key "slak"\n  -> did you mean "slack"?',
    ]);
  });
});

describe("refused is", () => {
  test.each<[string, unknown, string]>([
    [
      "a log-in in an address",
      { webhooks: ["https://user:word@example.org/hook"] },
      "webhooks[0]: the address holds a log-in, which everybody who reads this file would see",
    ],
    [
      "a token over plain HTTP",
      { github: { repository: "a/b", api: "http://ghe.example.org" } },
      "github.api: a token would go there in clear: write an https address",
    ],
    ["an address that is none", { webhooks: ["hooks"] }, "webhooks[0]: this is no address such as"],
    ["a server without a port", { email: { ...EMAIL, server: "smtp.example.org" } }, "email.server: found"],
    ["mail to nobody", { email: { ...EMAIL, to: [] } }, "email.to: found"],
    ["a repository without owner", { github: { repository: "paws360" } }, "github.repository: found"],
    ["no webhook at all", { webhooks: [] }, "webhooks: found"],
  ])("%s", (_, section, start) => {
    const found = faults(section, "github" in (section as object) ? ["github-token"] : []);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`Pulumi.sandbox.yaml: slipway:notifications.${start}`);
  });

  test.each(["http://127.0.0.1:8080", "http://localhost:8080/api/v3", "http://github.localhost"])(
    "not a token to this machine itself: %s",
    (api) => {
      expect(notifications.safeParse({ github: { repository: "a/b", api } }).success).toBe(true);
    },
  );
});
