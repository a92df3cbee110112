import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import { assertEnded, Driver, stepsIn } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import { steadyDemo } from "../support/stage.ts";
import { assertNeverAnswered, traffic } from "../support/traffic.ts";

const scenario: Scenario = {
  id: "R3",
  title: "a candidate that crashes at its start never gets a user",
  async tell({ given, when, then, afterwards }) {
    const demo = await given("demo, steady on r1", () => steadyDemo(afterwards));
    const load = await given("users", () => traffic(afterwards, demo));
    const ended = await when("a version is deployed that crashes", async () => {
      const image = await demoImage("bad-crash");
      return new Driver(afterwards, demo, ["deploy", "demo", "--image", image, "--yes"]).ended;
    });
    await then("it is given up, with the last words of its pods", async () => {
      const record = assertEnded(ended, { exitCode: 1, outcome: "rolled back", cause: "not ready" });
      assert.equal(stepsIn(record), "");
      assert.match(record.reason ?? "", /does not stay up: .*exit code 1[\s\S]*crashing on purpose/);
      return `${record.reason?.replaceAll(/\s+/g, " ")}; in ${record.figures.seconds} s`;
    });
    await then("all users are on the version before", () => demo.servesOnly("blue", "r1", "rollback"));
    const report = await load.stop();
    await then("nobody noticed", async () => assertNeverAnswered(report, "r2"));
  },
};

export default scenario;
