import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import { assertEnded, Driver, stepsIn } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import { steadyDemo } from "../support/stage.ts";
import { assertBounded, assertGoneBy, traffic } from "../support/traffic.ts";

const scenario: Scenario = {
  id: "R4",
  title: "a candidate that fails only from 25 % on is taken back from there",
  async tell({ given, when, then, afterwards }) {
    const demo = await given("demo, steady on r1", () =>
      steadyDemo(afterwards, { analysis: { window: "10s" } }),
    );
    const load = await given("users", () => traffic(afterwards, demo));
    const driver = await given("a candidate that does well at 5 %", async () => {
      const image = await demoImage("r2");
      const started = new Driver(afterwards, demo, ["deploy", "demo", "--image", image, "--yes"]);
      await started.until("the candidate has 25 %", async () => (await demo.weights()).green === 25);
      return started;
    });
    await when("it begins to fail 30 % of its requests at 25 %", () =>
      demo.setFaults("green", { errorRate: 0.3 }),
    );
    const ended = await driver.ended;
    const endedAt = Date.now();
    await then("it is taken back because of its errors", async () => {
      const record = assertEnded(ended, { exitCode: 1, outcome: "rolled back", cause: "errors" });
      assert.equal(stepsIn(record), "5 % pass, 25 % fail");
      return record.reason ?? "";
    });
    await then("all users are on the version before", () => demo.servesOnly("blue", "r1", "rollback"));
    const report = await load.stop();
    await then("no more users met it than its share, and none since", async () => {
      assertGoneBy(report, "r2", endedAt);
      return assertBounded(report, "r2", 25);
    });
  },
};

export default scenario;
