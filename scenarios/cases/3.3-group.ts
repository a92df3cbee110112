import type { Scenario } from "../scenario.ts";
import { assertEnded, Driver } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import { editStackValues } from "../support/stack-text.ts";
import { e2ePlace, removeE2eStack, SHOP, shopHost } from "../support/stacks.ts";
import { bringUp, Stage, shortAnalysis } from "../support/stage.ts";
import { assertBounded, assertGoneBy, assertNothingFailed, traffic } from "../support/traffic.ts";

const scenario: Scenario = {
  id: "3.3",
  title: "one part of a system fails in a release of several: all parts are on their prior version",
  async tell({ given, when, then, afterwards }) {
    const [api, web] = await given("a stack of its own with a shop of two parts", async () => {
      await removeE2eStack();
      afterwards(removeE2eStack);
      const place = await e2ePlace();
      await editStackValues(place, shortAnalysis());
      await bringUp(place);
      return SHOP.map((name) => new Stage(place, name, "shop-e2e", shopHost(name))) as [Stage, Stage];
    });
    const loads = await given("users of both parts", () =>
      Promise.all([traffic(afterwards, api), traffic(afterwards, web)]),
    );
    const ended = await when("both are released, and the new shop-web answers with errors", async () => {
      const parts = [`shop-api=${await demoImage("r2")}`, `shop-web=${await demoImage("bad-errors")}`];
      return new Driver(afterwards, api, ["deploy", ...parts, "--yes"]).ended;
    });
    const endedAt = Date.now();
    await then("the run is taken back because of the errors of shop-web", async () => {
      const record = assertEnded(ended, { exitCode: 1, outcome: "rolled back", cause: "errors" });
      return record.reason ?? "";
    });
    for (const part of [api, web])
      await then(`all users of ${part.service} are on the version before`, () =>
        part.servesOnly("blue", "r1", "rollback"),
      );
    const [ofApi, ofWeb] = await Promise.all([loads[0].stop(), loads[1].stop()]);
    await then("no request to shop-api failed", async () => {
      assertGoneBy(ofApi, "r2", endedAt);
      return assertNothingFailed(ofApi);
    });
    await then("few users met the bad shop-web, and none since", async () => {
      assertGoneBy(ofWeb, "r2", endedAt);
      return assertBounded(ofWeb, "r2", 5);
    });
  },
};

export default scenario;
