import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import type { ComponentResourceOptions } from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { Component, type TypeToken } from "../../infra/lib/component.ts";
import { rawStack } from "../support/config.ts";
import { find, runProgram } from "../support/engine.ts";

class Pair extends Component {
  constructor(
    type: TypeToken,
    name: string,
    children: readonly string[],
    opts: ComponentResourceOptions = {},
  ) {
    super(type, name, opts);
    for (const child of children) new Namespace(child, {}, { parent: this });
    this.registerOutputs({});
  }
}

function run(program: () => unknown) {
  return runProgram(program, { config: rawStack("sandbox") });
}

describe("a component", () => {
  test("is the parent of its children", async () => {
    const recorded = await run(() => {
      new Pair("slipway:test:Pair", "pair", ["pair", "pair-left"]);
    });
    expect(find(recorded, "kubernetes:core/v1:Namespace", "pair-left").parent).toBe("slipway:test:Pair pair");
  });

  test.each(["left", "pairleft"])(
    "refuses a child named %s, which does not start with its own name",
    async (child) => {
      await expect(run(() => new Pair("slipway:test:Pair", "pair", [child]))).rejects.toThrow(
        `kubernetes:core/v1:Namespace "${child}" in slipway:test:Pair "pair": its name must start with "pair-"`,
      );
    },
  );

  test.each(["slipway:Pair", "other:test:Pair", "slipway:test:pair", "slipway:Test:Pair"])(
    "refuses the type token %s",
    async (token) => {
      await expect(run(() => new Pair(token as TypeToken, "pair", []))).rejects.toThrow(
        `component type "${token}" is not of the form slipway:<area>:<Class>`,
      );
    },
  );
});

describe("every component in infra", () => {
  const root = fileURLToPath(new URL("../../infra", import.meta.url));
  const classes = globSync("**/*.ts", { cwd: root })
    .filter((file) => !file.includes("node_modules"))
    .flatMap((file) =>
      readFileSync(join(root, file), "utf8")
        .split(/^(?=export (?:abstract )?class )/m)
        .filter((text) => / extends Component /.test(text)),
    );

  test("is found by this test", () => {
    expect(classes.length).toBeGreaterThan(3);
  });

  test.each(classes.map((text) => [/class (\w+)/.exec(text)?.[1], text]))(
    "%s registers its outputs last",
    (_, text) => {
      const body = /^ {2}constructor[\s\S]*?^ {2}}/m.exec(text ?? "")?.[0] ?? "";
      expect(body).toMatch(/\n {4}this\.registerOutputs\([^;]*\);\n {2}}$/);
    },
  );
});
