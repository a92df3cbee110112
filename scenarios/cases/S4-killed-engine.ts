import assert from "node:assert/strict";
import { join } from "node:path";
import { execa } from "execa";
import { openStack, up } from "../../engine/stack.ts";
import { paths } from "../../machine/paths.ts";
import type { Scenario } from "../scenario.ts";
import { clusterObjects } from "../support/cluster.ts";
import { e2ePlace, removeE2eStack, unwatched } from "../support/stacks.ts";

/** Resources that the engine has begun when it is killed, components among them: some objects exist then, not all. */
const BEGUN_BEFORE_THE_KILL = 30;

const scenario: Scenario = {
  id: "S4",
  title: "an engine killed in the middle of an update: the next one converges",
  async tell({ given, when, then, afterwards }) {
    await given("a cluster without the tests' stack", removeE2eStack);
    const before = await clusterObjects();
    const place = await given("a stack of its own, never brought up", e2ePlace);
    afterwards(removeE2eStack);
    await openStack(paths(), place);
    const made = await when("pulumi up is killed with SIGKILL in the middle", () => killInTheMiddle(place));
    await then("some objects are there and most are not", async () => {
      const more = (await clusterObjects()).length - before.length;
      assert.ok(more > 0 && made >= BEGUN_BEFORE_THE_KILL);
      return `${made} resources begun, ${more} objects there`;
    });
    const stack = await when("the stack is opened again", () => openStack(paths(), place));
    await when("pulumi up runs", () => up(stack, unwatched));
    const { changes } = await when("and once more", () => up(stack, unwatched));
    await then("nothing is left to do", async () => {
      assert.deepEqual(Object.keys(changes), ["same"], JSON.stringify(changes));
      return `${changes.same} same`;
    });
  },
};

export default scenario;

async function killInTheMiddle(place: Awaited<ReturnType<typeof e2ePlace>>): Promise<number> {
  const pulumi = execa(
    join(paths().bin, "pulumi"),
    ["up", "--yes", "--skip-preview", "--stack", place.stack, "--json", "--non-interactive"],
    { cwd: place.folder, env: { ...place.env, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" }, reject: false },
  );
  let begun = 0;
  for await (const line of pulumi.iterable({ from: "stdout" })) {
    if (String(line).includes('"resourcePreEvent"')) begun += 1;
    if (begun >= BEGUN_BEFORE_THE_KILL) pulumi.kill("SIGKILL");
  }
  const { signal } = await pulumi;
  assert.equal(signal, "SIGKILL", "the update ended before it could be killed");
  return begun;
}
