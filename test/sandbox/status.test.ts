import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { layout } from "../../sandbox/layout.ts";
import { COMPONENTS } from "../../sandbox/node/components.ts";
import { nodeReadiness } from "../../sandbox/node/ready.ts";
import { overallState, status } from "../../sandbox/status.ts";

const healthy = { state: "healthy" } as const;
const stopped = { state: "stopped" } as const;
const node = (ready: boolean) => ({ name: "n", ready });
const addon = (ready: boolean) => ({ ready });

test.each([
  ["ready", [healthy, healthy], true, [addon(true)]],
  ["degraded", [healthy, stopped], true, [addon(true)]],
  ["degraded", [healthy, { state: "unhealthy" } as const], true, [addon(true)]],
  ["degraded", [healthy, healthy], false, [addon(true)]],
  ["degraded", [healthy, healthy], true, [addon(true), addon(false)]],
  ["stopped", [stopped, stopped], false, []],
] as const)("%s", (expected, components, ready, addons) => {
  expect(overallState(components, { node: node(ready), addons })).toBe(expected);
});

test("a sandbox that was never started is stopped, and nothing is made by looking", async () => {
  const root = join(await mkdtemp(join(tmpdir(), "slipway-status-")), "sandbox");
  const seen = await status(layout(root));
  expect(seen.state).toBe("stopped");
  expect(seen.components.map(({ name }) => name)).toEqual([...COMPONENTS]);
  expect(seen.memoryBytes.components).toBe(0);
  await expect(rm(root)).rejects.toThrow("ENOENT");
  await rm(join(root, ".."), { recursive: true });
});

test("a node is ready when its condition says so", () => {
  const at = new Date();
  const withStatus = (value: string) =>
    nodeReadiness({ status: { conditions: [{ type: "Ready", status: value, lastHeartbeatTime: at }] } });
  expect(withStatus("True")).toEqual({ ready: true, at });
  expect(withStatus("Unknown")).toEqual({ ready: false, at });
  expect(nodeReadiness(undefined)).toEqual({ ready: false, at: undefined });
});
