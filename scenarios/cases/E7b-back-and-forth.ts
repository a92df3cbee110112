import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import { assertEnded, Driver, stepsIn } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import { steadyDemo } from "../support/stage.ts";
import { assertNothingFailed, traffic } from "../support/traffic.ts";

const scenario: Scenario = {
  id: "E7b",
  title: "version X, back to Y, and X again: users have what was asked for last, without one failed request",
  async tell({ given, when, then, afterwards }) {
    const x = await demoImage("r1");
    const y = { release: "r0", image: await demoImage("r2") };
    const demo = await given("demo on X (r1), with Y (r0) behind it", () =>
      steadyDemo(afterwards, { green: y }),
    );
    const load = await given("users", () => traffic(afterwards, demo));
    const run = async (...args: string[]) => new Driver(afterwards, demo, args).ended;
    const back = await when("it is rolled back", () => run("rollback", "demo"));
    await then("all users have Y, at once", async () => {
      const { figures } = assertEnded(back, { exitCode: 0, outcome: "succeeded", cause: "asked for" });
      assert.ok(figures.secondsToRollBack !== undefined);
      const seen = await demo.servesOnly("green", "r0", "rollback");
      return `${seen}; users back in ${figures.secondsToRollBack} s`;
    });
    const again = await when("X is deployed once more", () => run("deploy", "demo", "--image", x, "--yes"));
    await then("it passed all steps, and all users have X", async () => {
      const record = assertEnded(again, { exitCode: 0, outcome: "succeeded" });
      assert.equal(stepsIn(record), "5 % pass, 25 % pass, 100 % pass");
      assert.equal((await demo.entry()).blue?.image, x);
      return demo.servesOnly("blue", "r2", "steady");
    });
    const report = await load.stop();
    await then("no request failed", async () => assertNothingFailed(report));
  },
};

export default scenario;
