import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import { assertEnded, Driver, stepsIn } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import { steadyDemo } from "../support/stage.ts";
import { assertNothingFailed, traffic } from "../support/traffic.ts";

const scenario: Scenario = {
  id: "1.1",
  title: "a healthy release reaches all users step by step, without one failed request",
  async tell({ given, when, then, afterwards }) {
    const demo = await given("demo, steady on r1", () => steadyDemo(afterwards));
    const load = await given("users", () => traffic(afterwards, demo));
    const ended = await when("a healthy version is deployed", async () => {
      const image = await demoImage("r2");
      return new Driver(afterwards, demo, ["deploy", "demo", "--image", image, "--yes"]).ended;
    });
    const record = assertEnded(ended, { exitCode: 0, outcome: "succeeded" });
    await then("it passed 5, 25 and 100 %", async () => {
      assert.equal(stepsIn(record), "5 % pass, 25 % pass, 100 % pass");
      return `${stepsIn(record)}, in ${record.figures.seconds} s`;
    });
    await then("each change of traffic was a change of one resource", async () => {
      const moves = record.events.flatMap((event) =>
        event.what === "up" && event.data.purpose.endsWith("of the traffic") ? [event.data.changes] : [],
      );
      assert.deepEqual(moves, [{ update: 1 }, { update: 1 }, { update: 1 }]);
      return "3 updates";
    });
    await then("all users have it", () => demo.servesOnly("green", "r2", "steady"));
    const report = await load.stop();
    await then("no request failed", async () => assertNothingFailed(report));
    await then("the version before stays, ready to go back to", async () => {
      const pods = await demo.pods("blue");
      assert.ok(pods.length === 2 && pods.every(({ ready }) => ready), JSON.stringify(pods));
      return `${pods.length} pods ready in blue`;
    });
  },
};

export default scenario;
