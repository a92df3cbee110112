import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import { assertEnded, Driver, stepsIn } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import { steadyDemo } from "../support/stage.ts";
import { assertNeverAnswered, traffic } from "../support/traffic.ts";

const scenario: Scenario = {
  id: "3.2a",
  title: "a candidate whose health check fails is taken back by itself, before it gets a user",
  async tell({ given, when, then, afterwards }) {
    const demo = await given("demo, steady on r1", () => steadyDemo(afterwards));
    const load = await given("users", () => traffic(afterwards, demo));
    const ended = await when("a version is deployed whose /health answers 503", async () => {
      const image = await demoImage("bad-health");
      return new Driver(afterwards, demo, ["deploy", "demo", "--image", image, "--yes"]).ended;
    });
    await then("it is taken back because its pods do not become ready", async () => {
      const record = assertEnded(ended, { exitCode: 1, outcome: "rolled back", cause: "not ready" });
      assert.equal(stepsIn(record), "");
      return record.reason ?? "";
    });
    await then("all users are on the version before", () => demo.servesOnly("blue", "r1", "rollback"));
    const report = await load.stop();
    await then("nobody noticed", async () => assertNeverAnswered(report, "r2"));
  },
};

export default scenario;
