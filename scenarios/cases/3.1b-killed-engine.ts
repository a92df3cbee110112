import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import { Driver } from "../support/driver.ts";
import { assertTakenBackByGuard } from "../support/guard.ts";
import { demoImage } from "../support/images.ts";
import { bringUp, steadyDemo } from "../support/stage.ts";
import { assertNothingFailed, traffic } from "../support/traffic.ts";

const scenario: Scenario = {
  id: "3.1b",
  title:
    "driver and engine are killed while traffic is moved: users are back on the version before, nothing partial",
  async tell({ given, when, then, afterwards }) {
    const demo = await given("demo, steady on r1", () => steadyDemo(afterwards));
    const load = await given("users", () => traffic(afterwards, demo));
    const driver = await given("a healthy candidate whose share is just being raised to 25 %", async () => {
      const image = await demoImage("r2");
      const started = new Driver(afterwards, demo, ["deploy", "demo", "--image", image, "--yes"]);
      await started.until("the engine is at work on 25 %", async () => {
        return (await demo.entry()).weight === 25 && started.engines().length > 1;
      });
      return started;
    });
    const killedAt = Date.now();
    const engines = await when(
      "the driver and all processes of the engine are killed with SIGKILL",
      async () => {
        const killed = driver.killWithEngines();
        await driver.ended;
        return killed;
      },
    );
    await then("the guard has taken the release back and recorded it", async () => {
      assert.ok(engines > 0);
      return `${engines} processes of the engine; ${await assertTakenBackByGuard(demo, driver, killedAt)}`;
    });
    await then("all users are on the version before", () => demo.servesOnly("blue", "r1", "rollback"));
    const report = await load.stop();
    await then("no request failed", async () => assertNothingFailed(report));
    await then("a further pulumi up finds nothing left to do", async () => {
      const { same = 0, ...changes } = await bringUp(demo.place);
      assert.deepEqual(changes, {});
      return `${same} same`;
    });
  },
};

export default scenario;
