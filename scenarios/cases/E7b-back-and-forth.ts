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
    const demo = await given("demo, steady on Y (r1)", () => steadyDemo(afterwards));
    const load = await given("users", () => traffic(afterwards, demo));
    const image = await demoImage("r2");
    const run = async (...args: string[]) =>
      assertEnded(await new Driver(afterwards, demo, args).ended, {
        exitCode: 0,
        outcome: "succeeded",
        ...(args[0] === "rollback" ? { cause: "asked for" } : {}),
      });
    await when("X is deployed", () => run("deploy", "demo", "--image", image, "--yes"));
    await then("all users have X", () => demo.servesOnly("green", "r2", "steady"));
    const back = await when("it is rolled back", () => run("rollback", "demo"));
    await then("all users have Y, at once", async () => {
      const { secondsToRollBack } = back.figures;
      assert.ok(secondsToRollBack !== undefined);
      return `${await demo.servesOnly("blue", "r1", "rollback")}; users back in ${secondsToRollBack} s`;
    });
    const again = await when("X is deployed once more", () =>
      run("deploy", "demo", "--image", image, "--yes"),
    );
    await then("it passed all steps anew, and all users have X", async () => {
      assert.equal(stepsIn(again), "5 % pass, 25 % pass, 100 % pass");
      assert.equal((await demo.entry()).green?.image, image);
      return demo.servesOnly("green", "r3", "steady");
    });
    const report = await load.stop();
    await then("no request failed", async () => assertNothingFailed(report));
  },
};

export default scenario;
