import assert from "node:assert/strict";
import { SLOTS } from "../../infra/lib/names.ts";
import type { Scenario } from "../scenario.ts";
import { assertEnded, Driver, stepsIn } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import { cordon, evict } from "../support/node.ts";
import { eventually, type Stage, steadyDemo } from "../support/stage.ts";
import { assertNothingFailed, traffic } from "../support/traffic.ts";

const scenario: Scenario = {
  id: "R7",
  title: "a node is drained during a canary: every pod is replaced, the release goes on, no request fails",
  async tell({ given, when, then, afterwards }) {
    const demo = await given("demo, steady on r1", () => steadyDemo(afterwards));
    const load = await given("users", () => traffic(afterwards, demo));
    const driver = await given("a healthy candidate that has 5 %", async () => {
      const image = await demoImage("r2");
      const started = new Driver(afterwards, demo, ["deploy", "demo", "--image", image, "--yes"]);
      await started.until("the candidate has 5 %", async () => (await demo.weights()).green === 5);
      return started;
    });
    const before = await namesOf(demo);
    assert.deepEqual(
      before.map(({ length }) => length),
      [2, 2],
    );
    const uncordon = await when("the node takes no new pods", () => cordon(afterwards));
    await then("one pod of each slot may go, and no second one", async () => {
      for (const [first = "", second = ""] of before) {
        // A budget learns a little later than we do that a slot's pods are ready.
        await eventually("the first pod may go", () => evict(demo, first));
        assert.ok(!(await evict(demo, second)), `${second} may go as well`);
      }
      return "2 evicted, 2 refused";
    });
    await when("the node takes pods again, and the others are evicted as their budgets allow", async () => {
      await uncordon();
      for (const [, second = ""] of before)
        await eventually("the second pod may go", () => evict(demo, second));
    });
    const ended = await driver.ended;
    await then("the release passed all steps", async () => {
      const record = assertEnded(ended, { exitCode: 0, outcome: "succeeded" });
      assert.equal(stepsIn(record), "5 % pass, 25 % pass, 100 % pass");
      return stepsIn(record);
    });
    await then("all users have it, on pods that were made since", async () => {
      const now = (await namesOf(demo)).flat();
      assert.ok(!now.some((name) => before.flat().includes(name)), now.join(", "));
      return demo.servesOnly("green", "r2", "steady");
    });
    const report = await load.stop();
    await then("no request failed", async () => assertNothingFailed(report));
  },
};

export default scenario;

/** The pods of both slots. */
function namesOf(stage: Stage): Promise<string[][]> {
  return Promise.all(SLOTS.map(async (slot) => (await stage.pods(slot)).map(({ name }) => name)));
}
