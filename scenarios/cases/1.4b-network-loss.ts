import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Scenario } from "../scenario.ts";
import { Driver } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import { separateNetwork } from "../support/network.ts";
import { steadyDemo } from "../support/stage.ts";
import { assertGoneBy, assertNothingFailed, traffic } from "../support/traffic.ts";

/** Longer than the lock of a release lasts without a sign of life. */
const CUT_MS = 25_000;

const scenario: Scenario = {
  id: "1.4b",
  title: "the driver loses its network in the middle of a deploy: users end on the version before",
  async tell({ given, when, then, afterwards }) {
    const demo = await given("demo, steady on r1", () => steadyDemo(afterwards));
    const load = await given("users", () => traffic(afterwards, demo));
    const network = await given("a network of the driver's own", () => separateNetwork(afterwards));
    const driver = await given("a healthy candidate that has 5 %", async () => {
      const args = ["deploy", "demo", "--image", await demoImage("r2"), "--yes"];
      const started = new Driver(afterwards, demo, args, { within: network.command });
      await started.until("the candidate has 5 %", async () => (await demo.weights()).green === 5);
      return started;
    });
    await when("the driver's network is down for longer than its lock lasts", async () => {
      await network.cut();
      await sleep(CUT_MS);
      await network.mend();
    });
    const ended = await when("the driver has ended", () => driver.ended);
    const endedAt = Date.now();
    await then("it says that it did not succeed", async () => {
      assert.notEqual(ended.exitCode, 0);
      assert.ok(ended.record !== undefined, ended.timeline);
      const { outcome, reason = "" } = ended.record;
      assert.equal(outcome, "rolled back", ended.timeline);
      return reason;
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
