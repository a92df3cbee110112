import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import { assertEnded, Driver } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import { steadyDemo } from "../support/stage.ts";
import { assertGoneBy, assertNothingFailed, traffic } from "../support/traffic.ts";

const scenario: Scenario = {
  id: "1.4a",
  title: "SIGTERM in the middle of a deploy: users are on the version before when it ends",
  async tell({ given, when, then, afterwards }) {
    const demo = await given("demo, steady on r1", () => steadyDemo(afterwards));
    const load = await given("users", () => traffic(afterwards, demo));
    const driver = await given("a healthy candidate that has 25 %", async () => {
      const image = await demoImage("r2");
      const started = new Driver(afterwards, demo, ["deploy", "demo", "--image", image, "--yes"]);
      await started.until("the candidate has 25 %", async () => (await demo.weights()).green === 25);
      return started;
    });
    const ended = await when("the driver gets SIGTERM", () => {
      driver.kill("SIGTERM");
      return driver.ended;
    });
    const endedAt = Date.now();
    await then("the record says that it was interrupted, and that users are back", async () => {
      const { reason, figures } = assertEnded(ended, {
        exitCode: 130,
        outcome: "rolled back",
        cause: "interrupted",
      });
      assert.ok(figures.secondsToRollBack !== undefined);
      return `${reason}; users back in ${figures.secondsToRollBack} s`;
    });
    await then("all users are on the version before", () => demo.servesOnly("blue", "r1", "rollback"));
    const report = await load.stop();
    await then("no request failed, and none reached the candidate any more", async () => {
      assertGoneBy(report, "r2", endedAt);
      return assertNothingFailed(report);
    });
  },
};

export default scenario;
