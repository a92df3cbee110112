import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import { assertEnded, Driver, stepsIn } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import { steadyDemo } from "../support/stage.ts";
import { assertBounded, assertGoneBy, traffic } from "../support/traffic.ts";

const scenario: Scenario = {
  id: "3.2b",
  title: "a candidate that answers with errors is noticed at 5 % and taken back by itself",
  async tell({ given, when, then, afterwards }) {
    const demo = await given("demo, steady on r1", () => steadyDemo(afterwards));
    const load = await given("users", () => traffic(afterwards, demo));
    const ended = await when("a version is deployed that fails 30 % of its requests", async () => {
      const image = await demoImage("bad-errors");
      return new Driver(afterwards, demo, ["deploy", "demo", "--image", image, "--yes"]).ended;
    });
    const endedAt = Date.now();
    await then("it is taken back at its first step, because of its errors", async () => {
      const record = assertEnded(ended, { exitCode: 1, outcome: "rolled back", cause: "errors" });
      assert.equal(stepsIn(record), "5 % fail");
      const { secondsToDetect, secondsToRollBack } = record.figures;
      assert.ok(secondsToDetect !== undefined && secondsToRollBack !== undefined);
      return `${record.reason}; noticed in ${secondsToDetect} s, users back in ${secondsToRollBack} s`;
    });
    await then("all users are on the version before", () => demo.servesOnly("blue", "r1", "rollback"));
    const report = await load.stop();
    await then("few users met it, and none since", async () => {
      assertGoneBy(report, "r2", endedAt);
      return assertBounded(report, "r2", 5);
    });
  },
};

export default scenario;
