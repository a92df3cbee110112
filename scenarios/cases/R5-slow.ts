import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import { assertEnded, Driver, stepsIn } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import { steadyDemo } from "../support/stage.ts";
import { assertBounded, assertGoneBy, traffic } from "../support/traffic.ts";

const scenario: Scenario = {
  id: "R5",
  title: "a candidate that is slow, though right, is taken back",
  async tell({ given, when, then, afterwards }) {
    const demo = await given("demo, steady on r1", () => steadyDemo(afterwards));
    const load = await given("users", () => traffic(afterwards, demo));
    const ended = await when("a version is deployed that takes 400 ms more for each answer", async () => {
      const image = await demoImage("bad-latency");
      return new Driver(afterwards, demo, ["deploy", "demo", "--image", image, "--yes"]).ended;
    });
    const endedAt = Date.now();
    await then("it is taken back at its first step, because of its latency", async () => {
      const record = assertEnded(ended, { exitCode: 1, outcome: "rolled back", cause: "latency" });
      assert.equal(stepsIn(record), "5 % fail");
      return record.reason ?? "";
    });
    await then("all users are on the version before", () => demo.servesOnly("blue", "r1", "rollback"));
    const report = await load.stop();
    await then("few users met it, and none since", async () => {
      assertGoneBy(report, "r2", endedAt);
      assert.equal(report.failed.fault, 0);
      return assertBounded(report, "r2", 5);
    });
  },
};

export default scenario;
