import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";
import { assertEnded, Driver, notesIn, stepsIn } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import { steadyDemo } from "../support/stage.ts";
import { assertNothingFailed, traffic } from "../support/traffic.ts";

/** What somebody does by hand: half of the users each. */
const BY_HAND = JSON.stringify(
  [0, 1].map((index) => ({ op: "replace", path: `/spec/rules/0/backendRefs/${index}/weight`, value: 50 })),
);

const scenario: Scenario = {
  id: "R9",
  title: "somebody edits the route by hand during a canary: it is noticed, told, and put back",
  async tell({ given, when, then, afterwards }) {
    const demo = await given("demo, steady on r1", () =>
      steadyDemo(afterwards, { analysis: { window: "10s" } }),
    );
    const load = await given("users", () => traffic(afterwards, demo));
    const driver = await given("a healthy candidate that is watched at 5 %", async () => {
      const image = await demoImage("r2");
      const started = new Driver(afterwards, demo, ["deploy", "demo", "--image", image, "--yes"]);
      await started.until("it is said to have 5 %", async () =>
        started.timeline.includes("demo: green has 5 % of the users"),
      );
      return started;
    });
    await when("somebody gives it 50 %", () =>
      demo.kubectl("patch", "httproute", "demo", "--type=json", `--patch=${BY_HAND}`),
    );
    await then("the route goes back to 5 %", async () => {
      await driver.until("5 % again", async () => (await demo.weights()).green === 5);
      return JSON.stringify(await demo.weights());
    });
    const ended = await driver.ended;
    await then(
      "the record tells of it, and that it was put back while the candidate was watched",
      async () => {
        const record = assertEnded(ended, { exitCode: 0, outcome: "succeeded" });
        assert.equal(stepsIn(record), "5 % pass, 25 % pass, 100 % pass");
        const told = notesIn(record).filter((text) => text.includes("past Slipway"));
        assert.equal(told.length, 1, notesIn(record).join("\n"));
        assert.match(told.join(), /blue 50 \/ green 50 instead of blue 95 \/ green 5/);
        const place = (what: string) => record.events.findIndex((event) => event.what === what);
        const at = record.events.findIndex((event) => event.what === "note" && event.data.text === told[0]);
        assert.ok(place("traffic") < at && at < place("step"), "not during the first step");
        return told.join();
      },
    );
    await then("all users have the release", () => demo.servesOnly("green", "r2", "steady"));
    const report = await load.stop();
    await then("no request failed", async () => assertNothingFailed(report));
  },
};

export default scenario;
