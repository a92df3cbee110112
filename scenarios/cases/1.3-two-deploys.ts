import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import { assertEnded, Driver, stepsIn } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import { steadyDemo } from "../support/stage.ts";
import { assertNothingFailed, traffic } from "../support/traffic.ts";

const scenario: Scenario = {
  id: "1.3",
  title: "of two deploys at once the second waits for the first, says so, and is not cancelled",
  async tell({ given, when, then, afterwards }) {
    const demo = await given("demo, steady on r1", () => steadyDemo(afterwards));
    const load = await given("users", () => traffic(afterwards, demo));
    const first = await when("a deploy is on its way", async () => {
      const driver = new Driver(afterwards, demo, deployOf(await demoImage("r2")));
      await driver.until("the candidate has 5 %", async () => (await demo.weights()).green === 5);
      return driver;
    });
    const second = await when("a second one is started", async () => {
      const driver = new Driver(afterwards, demo, deployOf(await demoImage("r3")));
      await driver.until("it waits", async () => driver.timeline.includes("waits for"));
      return driver;
    });
    await then("it says behind whom it waits", async () => {
      const line = second.timeline.split("\n").find((text) => text.includes("waits for")) ?? "";
      assert.match(line, new RegExp(`waits for .* ${first.pid} \\(deploy demo r2, since `));
      return line.slice(line.indexOf("waits for"));
    });
    const [one, two] = await when("both have ended", () => Promise.all([first.ended, second.ended]));
    const records = [one, two].map((ended) => assertEnded(ended, { exitCode: 0, outcome: "succeeded" }));
    await then("both went through all steps, the second after the first", async () => {
      const steps = records.map(stepsIn);
      assert.deepEqual(steps, Array(2).fill("5 % pass, 25 % pass, 100 % pass"));
      const [finished = "", began = ""] = [records[0]?.finishedAt, records[1]?.events.find(isUp)?.at];
      assert.ok(finished < began, `the first ended at ${finished}, the second changed something at ${began}`);
      return `the first ended at ${finished}, the second's first change was done at ${began}`;
    });
    await then("all users have the second one's version", () => demo.servesOnly("blue", "r3", "steady"));
    const report = await load.stop();
    await then("no request failed", async () => assertNothingFailed(report));
  },
};

export default scenario;

function deployOf(image: string): string[] {
  return ["deploy", "demo", "--image", image, "--yes"];
}

function isUp({ what }: { readonly what: string }): boolean {
  return what === "up";
}
