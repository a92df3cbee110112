import assert from "node:assert/strict";
import { SLOTS } from "../../infra/lib/names.ts";
import type { Scenario } from "../scenario.ts";
import { assertEnded, Driver, stepsIn } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import { eventually, steadyDemo } from "../support/stage.ts";
import { assertNothingFailed, traffic } from "../support/traffic.ts";

const AUTOSCALE = { min: 2, max: 3, cpu: "80%" };

const scenario: Scenario = {
  id: "R6",
  title: "both slots grow during a canary: the release goes on, and nobody takes the pods away again",
  async tell({ given, when, then, afterwards }) {
    const demo = await given("demo with an autoscaler, steady on r1", () =>
      steadyDemo(afterwards, { edits: [[["slipway:services", "demo", "autoscale"], AUTOSCALE]] }),
    );
    const load = await given("users", () => traffic(afterwards, demo));
    const driver = await given("a healthy candidate that has 5 %", async () => {
      const image = await demoImage("r2");
      const started = new Driver(afterwards, demo, ["deploy", "demo", "--image", image, "--yes"]);
      await started.until("the candidate has 5 %", async () => (await demo.weights()).green === 5);
      return started;
    });
    await when("the autoscalers of both slots are told to keep one pod more", async () => {
      for (const slot of SLOTS)
        await demo.kubectl("patch", "hpa", `demo-${slot}`, '--patch={"spec":{"minReplicas":3}}');
    });
    await then("both slots grow while the release is on its way", async () => {
      const sizes = () => Promise.all(SLOTS.map(async (slot) => (await demo.pods(slot)).length));
      await eventually("three pods in each slot", async () => (await sizes()).every((pods) => pods === 3));
      const { phase } = await demo.entry();
      assert.equal(phase, "canary");
      return `${(await sizes()).join(" and ")} pods`;
    });
    const ended = await driver.ended;
    await then("the release passed all steps", async () => {
      const record = assertEnded(ended, { exitCode: 0, outcome: "succeeded" });
      assert.equal(stepsIn(record), "5 % pass, 25 % pass, 100 % pass");
      return stepsIn(record);
    });
    await then("all users have it, on three pods", async () => {
      assert.equal((await demo.pods("green")).length, 3);
      return demo.servesOnly("green", "r2", "steady");
    });
    const report = await load.stop();
    await then("no request failed", async () => assertNothingFailed(report));
  },
};

export default scenario;
