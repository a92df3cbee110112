import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import { assertEnded, Driver, stepsIn } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import { steadyDemo } from "../support/stage.ts";

const scenario: Scenario = {
  id: "R2",
  title: "a candidate that nobody uses is held, and then taken back: nothing known is no pass",
  async tell({ given, when, then, afterwards }) {
    const demo = await given("demo, steady on r1, and no users", () =>
      steadyDemo(afterwards, { analysis: { hold: "4s" } }),
    );
    const ended = await when("a healthy version is deployed", async () => {
      const image = await demoImage("r2");
      return new Driver(afterwards, demo, ["deploy", "demo", "--image", image, "--yes"]).ended;
    });
    await then("it is taken back after the time of holding, for want of data", async () => {
      const record = assertEnded(ended, { exitCode: 1, outcome: "rolled back", cause: "no data" });
      assert.equal(stepsIn(record), "5 % no data");
      assert.match(record.reason ?? "", /no requests in 6 s; at least 20 needed/);
      return `${record.reason}; after ${record.figures.secondsToDetect} s`;
    });
    await then("the version before has the route", () => demo.servesOnly("blue", "r1", "rollback"));
  },
};

export default scenario;
