import { isSecret, type Output } from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { type Loaded, loadConfig } from "../../infra/config/load.ts";
import type { RawConfig } from "../../infra/config/parse.ts";
import { stackRules } from "../../infra/stack.ts";
import { canarySecrets, configOf, rawStack, withValue } from "../support/config.ts";
import { runProgram } from "../support/engine.ts";

const staging = rawStack("staging");

/** What a program of that configuration gets to see. */
async function load(config: RawConfig, secrets = canarySecrets(config)): Promise<Loaded> {
  const loaded: Loaded[] = [];
  await runProgram(() => void loaded.push(loadConfig(stackRules)), { config, secrets });
  const [only] = loaded;
  if (only === undefined) throw new Error("the program did not run");
  return only;
}

describe("the engine's configuration", () => {
  test.each(["sandbox", "staging", "production"] as const)(
    "of %s reads the same as the file",
    async (stack) => {
      expect((await load(rawStack(stack))).config).toEqual(configOf(stack));
    },
  );

  test("may hold text that only looks like JSON", async () => {
    await expect(load(withValue(staging, ["slipway:environment"], "{staging"))).rejects.toThrow(
      'slipway:environment: found "{staging"',
    );
  });
});

describe("its secrets", () => {
  const name = "paws360-backend-jwt-signing-key";
  const key = `slipway:secret-${name}`;

  test("are given as secrets only", async () => {
    const { secret, hasSecret } = await load(staging);
    expect(hasSecret(name)).toBe(true);
    expect(hasSecret("kubeconfig")).toBe(false);
    expect(await isSecret(secret(name) as Output<string>)).toBe(true);
  });

  test("that are empty count as missing", async () => {
    await expect(load(staging, { ...canarySecrets(staging), [key]: "" })).rejects.toThrow(
      `${key}: is missing`,
    );
  });

  test("in clear text are refused and not shown", async () => {
    const { [key]: _, ...others } = canarySecrets(staging);
    const failed = await load(withValue(staging, [key], "canary-in-clear"), others).catch(
      (error: Error) => error,
    );
    expect(String(failed)).toContain(`${key}: a secret is stored in clear text`);
    expect(String(failed)).not.toContain("canary-in-clear");
  });
});
