import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import { Driver, recordsSince } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import { steadyDemo } from "../support/stage.ts";
import { assertNothingFailed, traffic } from "../support/traffic.ts";

const scenario: Scenario = {
  id: "E7a",
  title: "the version that runs is deployed again: nothing happens",
  async tell({ given, when, then, afterwards }) {
    const demo = await given("demo, steady on r1", () => steadyDemo(afterwards));
    const load = await given("users", () => traffic(afterwards, demo));
    const state = async () => ({ entry: await demo.entry(), pods: await demo.pods("blue") });
    const before = await state();
    const since = Date.now();
    const ended = await when("the same version is deployed", async () => {
      const image = await demoImage("r1");
      return new Driver(afterwards, demo, ["deploy", "demo", "--image", image, "--yes"]).ended;
    });
    await then("it says that there is nothing to do, which is no failure", async () => {
      assert.equal(ended.exitCode, 0, ended.timeline);
      assert.deepEqual(JSON.parse(ended.stdout), { outcome: "nothing to do" });
      return ended.timeline.trim();
    });
    await then("stack file, pods and records are as before", async () => {
      assert.deepEqual(await state(), before);
      assert.deepEqual(await recordsSince(demo, since), []);
      return demo.servesOnly("blue", "r1", "steady");
    });
    const report = await load.stop();
    await then("no request failed", async () => assertNothingFailed(report));
  },
};

export default scenario;
