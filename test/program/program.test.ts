import { describe, expect, test } from "vitest";
import { rawStack, withValue } from "../support/config.ts";
import { idOf } from "../support/engine.ts";
import { runStack } from "../support/program.ts";

describe("the stack's outputs", () => {
  test.each([false, true])("say where to go (preview: %s)", async (preview) => {
    const config = withValue(rawStack("sandbox"), ["slipway:gateway", "publicPort"], 8080);
    expect((await runStack(config, preview)).outputs).toEqual({
      urls: { demo: ["http://demo.localhost:8080"], prometheus: ["http://prometheus.localhost:8080"] },
      namespaces: { demo: "demo-sandbox", monitoring: "monitoring-sandbox", gateway: "gateway-sandbox" },
    });
  });
});

describe("a second stack in the same cluster", () => {
  test("shares no object with the first", async () => {
    const sandbox = rawStack("sandbox");
    const e2e = { ...withValue(sandbox, ["slipway:environment"], "e2e"), stack: "e2e" };
    const objects = async (config: typeof sandbox) =>
      (await runStack(config)).resources
        .filter(({ type }) => type.startsWith("kubernetes:"))
        .map(({ type, name, inputs }) => {
          const metadata = inputs.metadata as { name?: string; namespace?: string };
          return `${type} ${metadata.namespace ?? ""}/${metadata.name ?? name}`;
        });
    const [first, second] = [await objects(sandbox), await objects(e2e)];
    expect(second).toHaveLength(first.length);
    expect(second.filter((object) => first.includes(object))).toEqual([]);
  });
});

test("a preview and an update ask for the same resources", async () => {
  const config = rawStack("production");
  const update = await runStack(config);
  const preview = await runStack(config, true);
  expect(preview.resources.map(idOf)).toEqual(update.resources.map(idOf));
});

test("a bad configuration stops the program before the first resource, with every fault", async () => {
  let config = withValue(rawStack("sandbox"), ["slipway:servces"], {});
  config = withValue(config, ["slipway:services", "demo", "replicas"], "two");
  await expect(runStack(config)).rejects.toThrow(
    /slipway:servces: unknown key[\s\S]*slipway:services\.demo\.replicas: found "two"/,
  );
});
