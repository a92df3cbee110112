import { describe, expect, test } from "vitest";
import { canarySecrets, rawStack, withValue } from "../support/config.ts";
import { idOf, type Recorded } from "../support/engine.ts";
import { runInProcess } from "../support/language-host.ts";
import { runStack } from "../support/program.ts";

const config = rawStack("production");
const secrets = canarySecrets(config);
/** A process that starts, loads the SDK and ends; machines under load take a while. */
const PATIENCE_MS = 60_000;
const STACK = "pulumi:pulumi:Stack slipway-production";

/** What both the real runtime and the tests' own can tell of a resource. */
function summary({ type, name, parent, provider, protect, dependsOn }: Recorded) {
  return { type, name, parent, provider, protect, dependsOn };
}

describe("the real runtime", { timeout: PATIENCE_MS }, () => {
  test.each([false, true])("asks for what the tests' own does (preview: %s)", async (preview) => {
    const { exitCode, resources, log } = await runInProcess({ config, secrets, preview });
    expect({ exitCode, log }).toEqual({ exitCode: 0, log: [] });
    const own = [...resources].filter(({ type }) => type !== "pulumi:pulumi:Stack");
    own.sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
    expect(own.map(summary)).toEqual((await runStack(config, preview)).resources.map(summary));
  });

  test("shows all faults of the configuration at once, without a stack trace or a secret", async () => {
    let bad = withValue(config, ["slipway:servces"], {});
    bad = withValue(bad, ["slipway:services", "demo", "replicas"], "two");
    const { exitCode, resources, log } = await runInProcess({ config: bad, secrets });
    expect(exitCode).not.toBe(0);
    expect(resources.map(idOf)).toEqual([STACK]);
    expect(log).toHaveLength(1);
    expect(log[0]).toContain(
      'slipway:servces: unknown key "slipway:servces"\n  -> did you mean "slipway:services"?',
    );
    expect(log[0]).toContain('slipway:services.demo.replicas: found "two"\n  -> write a number');
    expect(log[0]).not.toMatch(/\n\s+at |canary-/);
  });
});

describe("nothing is left to a default", () => {
  test("every object goes to the cluster's provider, under a component", async () => {
    const objects = (await runStack(config)).resources.filter(({ type }) => type.startsWith("kubernetes:"));
    expect(objects.length).toBeGreaterThan(60);
    for (const object of objects) {
      expect(object.provider, idOf(object)).toBe("cluster");
      expect(object.parent, idOf(object)).toMatch(/^slipway:/);
    }
  });

  test("there is one provider, and nothing but objects, components and it", async () => {
    const others = (await runStack(config)).resources.filter(
      ({ type }) => !/^(kubernetes|slipway):/.test(type),
    );
    expect(others.map(idOf)).toEqual(["pulumi:providers:kubernetes cluster"]);
  });
});
