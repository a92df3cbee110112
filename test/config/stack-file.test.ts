import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readStackFile } from "../../infra/config/stack-file.ts";
import { checkStackFile } from "../../infra/stack.ts";
import { faultsOf } from "../support/faults.ts";

const sandbox = readFileSync(new URL("../../Pulumi.sandbox.yaml", import.meta.url), "utf8");

/** Line of the first line that contains `text`. */
function lineOf(yaml: string, text: string): number {
  return yaml.split("\n").findIndex((line) => line.includes(text)) + 1;
}

function check(yaml: string): string[] {
  return faultsOf(() => checkStackFile(yaml, "Pulumi.sandbox.yaml"));
}

describe("a fault is told with its line", () => {
  test("of a value", () => {
    const yaml = sandbox.replace("retention: 6h", "retention: 6 h");
    expect(check(yaml)).toEqual([
      expect.stringContaining(
        `Pulumi.sandbox.yaml:${lineOf(yaml, "6 h")}: slipway:monitoring.prometheus.retention`,
      ),
    ]);
  });

  test("of a key", () => {
    const yaml = sandbox.replace("quotaHeadroom: 50%", "quotaHeadrom: 50%");
    const line = lineOf(yaml, "quotaHeadrom");
    expect(check(yaml)).toContainEqual(
      `Pulumi.sandbox.yaml:${line}: slipway:platform.quotaHeadrom: unknown key "quotaHeadrom"\n  -> did you mean "quotaHeadroom"?`,
    );
  });

  test("of a list's item", () => {
    const yaml = sandbox.replace(
      "hostnames: [demo.localhost]",
      "hostnames:\n        - demo.localhost\n        - x:80",
    );
    expect(check(yaml)).toEqual([
      expect.stringContaining(`:${lineOf(yaml, "x:80")}: slipway:services.demo.hostnames[1]: found "x:80"`),
    ]);
  });

  test("of the map that lacks a key", () => {
    const yaml = sandbox.replace("      retention: 6h\n", "");
    expect(check(yaml)).toEqual([
      expect.stringContaining(
        `:${lineOf(yaml, "prometheus:")}: slipway:monitoring.prometheus.retention: is missing`,
      ),
    ]);
  });
});

describe("a file that cannot be read", () => {
  test("repeats a service", () => {
    const yaml = sandbox.replace("    demo:\n      hostnames", "    demo: {}\n    demo:\n      hostnames");
    const line = lineOf(yaml, "demo: {}") + 1;
    expect(check(yaml)).toEqual([`Pulumi.sandbox.yaml:${line}: Map keys must be unique`]);
  });

  test("is not YAML", () => {
    const [fault] = check("config:\n  slipway:environment: [sandbox\n");
    expect(fault).toMatch(/^Pulumi\.sandbox\.yaml:3: /);
  });

  test("has no config", () => {
    expect(check("name: slipway\n")).toEqual(["Pulumi.sandbox.yaml: has no map `config`"]);
    expect(check("")).toEqual(["Pulumi.sandbox.yaml: has no map `config`"]);
  });
});

describe("what is encrypted", () => {
  const raw = readStackFile(
    [
      "config:",
      "  slipway:secret-kubeconfig: { secure: v1:cipher }",
      "  slipway:services: { demo: { config: { PASSWORD: { secure: v1:cipher } } } }",
      "  slipway:environment: sandbox",
    ].join("\n"),
    "some/where/Pulumi.my-stack.yaml",
  );

  test("is known by its key only", () => {
    expect([...raw.secrets]).toEqual(["slipway:secret-kubeconfig", "slipway:services"]);
    expect(raw.values).toEqual({ "slipway:environment": "sandbox" });
    expect(JSON.stringify(raw)).not.toContain("cipher");
  });

  test("the stack's name comes from the file's", () => {
    expect(raw.stack).toBe("my-stack");
  });
});
