import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import { kubectl } from "../support/cluster.ts";
import { assertEnded, Driver, stepsIn } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import { steadyDemo } from "../support/stage.ts";
import { assertGoneBy, assertNothingFailed, traffic } from "../support/traffic.ts";

const scenario: Scenario = {
  id: "R8",
  title: "Prometheus goes away while a candidate is watched: it is held, and then taken back",
  async tell({ given, when, then, afterwards }) {
    const demo = await given("demo, steady on r1", () =>
      steadyDemo(afterwards, { analysis: { window: "12s", hold: "4s" } }),
    );
    const load = await given("users", () => traffic(afterwards, demo));
    const driver = await given("a healthy candidate that has 5 %", async () => {
      const image = await demoImage("r2");
      const started = new Driver(afterwards, demo, ["deploy", "demo", "--image", image, "--yes"]);
      await started.until("the candidate has 5 %", async () => (await demo.weights()).green === 5);
      return started;
    });
    await when("Prometheus is switched off", async () => {
      afterwards(async () => {
        await scalePrometheus(1);
        await kubectl("rollout", "status", ...PROMETHEUS, "--timeout=60s");
      });
      await scalePrometheus(0);
    });
    const ended = await driver.ended;
    const endedAt = Date.now();
    await then("the candidate is taken back, since nothing is known of it", async () => {
      const record = assertEnded(ended, { exitCode: 1, outcome: "rolled back", cause: "no data" });
      assert.equal(stepsIn(record), "5 % no data");
      assert.match(record.reason ?? "", /Prometheus cannot be asked/);
      return record.reason ?? "";
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

const PROMETHEUS = ["deployment/prometheus", "--namespace=monitoring-sandbox"];

async function scalePrometheus(replicas: number): Promise<void> {
  await kubectl("scale", ...PROMETHEUS, `--replicas=${replicas}`);
}
