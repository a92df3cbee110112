import assert from "node:assert/strict";
import { up } from "../../engine/stack.ts";
import type { Scenario } from "../scenario.ts";
import { sandboxStack, unwatched } from "../support/stacks.ts";

const scenario: Scenario = {
  id: "S1",
  title: "a second pulumi up changes nothing",
  async tell({ given, when, then }) {
    const stack = await given("the sandbox's stack, up", sandboxStack);
    const { changes } = await when("pulumi up runs again", () => up(stack, unwatched));
    await then("every resource stays the same", async () => {
      assert.deepEqual(Object.keys(changes), ["same"], JSON.stringify(changes));
      return `${changes.same} same`;
    });
  },
};

export default scenario;
