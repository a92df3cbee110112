import type { Scenario } from "../scenario.ts";
import { assertEnded, Driver, stepsIn } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import { steadyDemo } from "../support/stage.ts";
import { assertBounded, traffic } from "../support/traffic.ts";

const scenario: Scenario = {
  id: "3.4",
  title: "after a safeguard has taken a version back, the fixed one is released cleanly",
  async tell({ given, when, then, afterwards }) {
    const demo = await given("demo, steady on r1", () => steadyDemo(afterwards));
    const load = await given("users", () => traffic(afterwards, demo));
    const deploy = (image: string) =>
      new Driver(afterwards, demo, ["deploy", "demo", "--image", image, "--yes"]).ended;
    const bad = await given("a version that was taken back for its errors", async () =>
      deploy(await demoImage("bad-errors")),
    );
    assertEnded(bad, { exitCode: 1, outcome: "rolled back", cause: "errors" });
    const good = await when("a fixed version is deployed", async () => deploy(await demoImage("r2")));
    await then("it passes all steps", async () => {
      const record = assertEnded(good, { exitCode: 0, outcome: "succeeded" });
      return stepsIn(record);
    });
    await then("all users have it", () => demo.servesOnly("green", "r3", "steady"));
    const report = await load.stop();
    await then("only the first version has ever failed", async () => assertBounded(report, "r2", 5));
  },
};

export default scenario;
