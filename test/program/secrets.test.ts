import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import slipway from "../../infra/index.ts";
import { canarySecrets, rawStack, withValue } from "../support/config.ts";
import { runProgram } from "../support/engine.ts";
import { GOLDEN_STACKS, goldenFile, goldenText } from "../support/golden.ts";
import { redact } from "../support/secrets.ts";

const CANARY = /canary-[\w-]+/;

describe.each(GOLDEN_STACKS)("the secrets of %s", (stack) => {
  const config = rawStack(stack);
  const secrets = { ...canarySecrets(config), "slipway:secret-kubeconfig": "canary-kubeconfig" };

  test.each([false, true])(
    "reach the cluster as secrets, and are nowhere in clear (preview: %s)",
    async (preview) => {
      const { resources, outputs } = await runProgram(slipway, { config, secrets, preview });
      const asSent = JSON.stringify(resources);
      for (const value of Object.values(secrets)) expect(asSent).toContain(value);
      expect(JSON.stringify(redact(resources))).not.toMatch(CANARY);
      expect(JSON.stringify(outputs)).not.toMatch(CANARY);
    },
  );

  test("are not in the golden file", async () => {
    expect(await goldenText(stack)).not.toMatch(CANARY);
    expect(readFileSync(goldenFile(stack), "utf8")).not.toMatch(CANARY);
  });

  test("are not in the faults of a bad configuration", async () => {
    const bad = withValue(config, ["slipway:platform", "quotaHeadroom"], "fifty");
    const stray = {
      ...secrets,
      "slipway:secret-stray": "canary-stray",
      "slipway:cluster": '{"context":"canary-context"}',
    };
    const failed = await runProgram(slipway, { config: bad, secrets: stray }).catch((error: Error) => error);
    expect(failed).toBeInstanceOf(Error);
    const { message, stack: trace } = failed as Error;
    expect(message).toContain("slipway:platform.quotaHeadroom");
    expect(message).toContain("slipway:secret-stray");
    expect(message).toContain("slipway:cluster: holds a secret");
    expect(`${message}${trace}`).not.toMatch(CANARY);
  });
});
