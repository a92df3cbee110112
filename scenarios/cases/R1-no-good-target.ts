import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import { assertEnded, Driver } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import { eventually, steadyDemo } from "../support/stage.ts";
import { assertNothingFailed, traffic } from "../support/traffic.ts";

const scenario: Scenario = {
  id: "R1",
  title:
    "a rollback to a version that fails its check as well: it stops, says so, and keeps what serves best",
  async tell({ given, when, then, afterwards }) {
    const green = { release: "r0", image: await demoImage("r2") };
    const demo = await given("demo on r1, with r0 behind it", () => steadyDemo(afterwards, { green }));
    const load = await given("users", () => traffic(afterwards, demo));
    await given("that the pods of r0 are not healthy any more", async () => {
      await demo.setFaults("green", { health: "failing" });
      await eventually("no pod of green is ready", async () => (await demo.readyReplicas("green")) === 0);
    });
    const before = await demo.entry();
    const ended = await when(
      "somebody rolls back",
      () => new Driver(afterwards, demo, ["rollback", "demo"]).ended,
    );
    await then("it refuses, and names what to do", async () => {
      const { reason = "" } = assertEnded(ended, { exitCode: 1, outcome: "failed", cause: "not ready" });
      assert.match(reason, /r0 in green has no ready pod to go back to; r1 in blue has 2 and keeps/);
      assert.match(reason, /kubectl describe deployment demo-green/);
      return reason.replaceAll(/\s+/g, " ");
    });
    await then("nothing has changed", async () => {
      assert.deepEqual(await demo.entry(), before);
      return demo.servesOnly("blue", "r1", "steady");
    });
    const report = await load.stop();
    await then("no request failed", async () => assertNothingFailed(report));
  },
};

export default scenario;
