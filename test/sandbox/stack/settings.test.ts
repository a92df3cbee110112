import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { checkStackFile } from "../../../infra/stack.ts";
import { type MachineFacts, stackFile } from "../../../sandbox/stack/settings.ts";

const template = readFileSync(join(import.meta.dirname, "../../../Pulumi.sandbox.yaml"), "utf8");
const digest = (letter: string) => `slipway.local/demo@sha256:${letter.repeat(64)}`;

const facts: MachineFacts = {
  environment: "sandbox",
  kubeconfig: "/somewhere/kubeconfig",
  context: "slipway-sandbox",
  apiServer: { port: 16443, addresses: ["10.219.0.1/32"] },
  domain: "localhost",
  publicPort: 18080,
  images: { "slipway.local/demo:r1": digest("1"), "slipway.local/demo:r2": digest("2") },
};

it("is a right stack file, with the facts of the machine", () => {
  const text = stackFile(template, facts);
  const config = checkStackFile(text, "Pulumi.sandbox.yaml");
  expect(config.cluster).toEqual({
    context: "slipway-sandbox",
    kubeconfig: "/somewhere/kubeconfig",
    apiServer: { port: 16443, addresses: ["10.219.0.1/32"] },
  });
  expect(config.gateway.publicPort).toBe(18080);
  expect(text).toContain(digest("1"));
  expect(text).not.toContain("slipway.local/demo:r1");
});

it("can be made for the tests' environment", () => {
  const e2e = { ...facts, environment: "e2e", domain: "e2e.localhost" };
  const config = checkStackFile(stackFile(template, e2e), "Pulumi.e2e.yaml");
  expect(config.environment).toBe("e2e");
  expect(config.services.demo?.hostnames).toEqual(["demo.e2e.localhost"]);
  expect(config.monitoring.prometheus.hostname).toBe("prometheus.e2e.localhost");
});

it("is the same when it is written a second time", () => {
  const once = stackFile(template, facts);
  const twice = stackFile(template, facts, once);
  expect(parse(twice)).toEqual(parse(once));
  expect(stackFile(template, facts, twice)).toBe(twice);
});

it("never rolls a release back, nor loses a secret or the salt", () => {
  const running = parse(stackFile(template, facts));
  const releases = {
    demo: { phase: "steady", active: "green", green: { release: "r2", image: digest("2") } },
  };
  running.config["slipway:releases"] = releases;
  running.config["slipway:secret-x"] = { secure: "v1:abc" };
  running.encryptionsalt = "v1:salt";
  const again = parse(stackFile(template, { ...facts, publicPort: 28080 }, JSON.stringify(running)));
  expect(again.config["slipway:releases"]).toEqual(releases);
  expect(again.config["slipway:secret-x"]).toEqual({ secure: "v1:abc" });
  expect(again.encryptionsalt).toBe("v1:salt");
  expect(again.config["slipway:gateway"].publicPort).toBe(28080);
});
