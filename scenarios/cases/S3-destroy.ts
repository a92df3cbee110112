import assert from "node:assert/strict";
import { destroy, up } from "../../engine/stack.ts";
import type { Scenario } from "../scenario.ts";
import { clusterObjects } from "../support/cluster.ts";
import { e2eStack, removeE2eStack, unwatched } from "../support/stacks.ts";

const scenario: Scenario = {
  id: "S3",
  title: "destroy leaves the cluster as it was before",
  async tell({ given, when, then, afterwards }) {
    await given("a cluster without the tests' stack", removeE2eStack);
    const before = await given("the list of its objects", clusterObjects);
    const stack = await given("a stack of its own", e2eStack);
    afterwards(removeE2eStack);
    const { changes } = await when("it is brought up", () => up(stack, unwatched));
    await then("there are more objects than before", async () => {
      const more = (await clusterObjects()).length - before.length;
      assert.ok(more > 20, `only ${more} more`);
      return `${changes.create} resources, ${more} more objects`;
    });
    await when("it is destroyed", () => destroy(stack, unwatched));
    await then("the objects are those from before", async () => {
      assert.deepEqual(await clusterObjects(), before);
      return `${before.length} objects`;
    });
  },
};

export default scenario;
