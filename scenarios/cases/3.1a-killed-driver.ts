import type { Scenario } from "../scenario.ts";
import { Driver } from "../support/driver.ts";
import { assertTakenBackByGuard } from "../support/guard.ts";
import { demoImage } from "../support/images.ts";
import { steadyDemo } from "../support/stage.ts";
import { assertNothingFailed, traffic } from "../support/traffic.ts";

const scenario: Scenario = {
  id: "3.1a",
  title:
    "the driver is killed in the middle of a deploy: users are back on the version before, by themselves",
  async tell({ given, when, then, afterwards }) {
    const demo = await given("demo, steady on r1", () => steadyDemo(afterwards));
    const load = await given("users", () => traffic(afterwards, demo));
    const driver = await given("a healthy candidate that has 5 %", async () => {
      const image = await demoImage("r2");
      const started = new Driver(afterwards, demo, ["deploy", "demo", "--image", image, "--yes"]);
      await started.until("the candidate has 5 %", async () => (await demo.weights()).green === 5);
      return started;
    });
    const killedAt = Date.now();
    await when("the driver is killed with SIGKILL", () => {
      driver.kill("SIGKILL");
      return driver.ended;
    });
    await then("its guard has taken the release back and recorded it", () =>
      assertTakenBackByGuard(demo, driver, killedAt),
    );
    await then("all users are on the version before", () => demo.servesOnly("blue", "r1", "rollback"));
    const report = await load.stop();
    await then("no request failed", async () => assertNothingFailed(report));
  },
};

export default scenario;
