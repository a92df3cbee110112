import assert from "node:assert/strict";
import { isUnfinished } from "../../release/record.ts";
import type { Driver } from "./driver.ts";
import { recordsSince } from "./driver.ts";
import { eventually, type Stage } from "./stage.ts";

/**
 * Waits until the guard of a killed driver has done its work, and checks what it wrote down.
 * @param since milliseconds since 1970, before the kill
 */
export async function assertTakenBackByGuard(stage: Stage, driver: Driver, since: number): Promise<string> {
  const guards = async () =>
    (await recordsSince(stage, since)).filter(({ reason, events }) =>
      [reason, ...events.map(({ data }) => JSON.stringify(data))].some((text) =>
        text?.includes(`the release driver (pid ${driver.pid}) died`),
      ),
    );
  await eventually("the guard has finished", async () => {
    const found = await guards();
    return found.length > 0 && !found.some(isUnfinished);
  });
  const [record, ...more] = await guards();
  assert.ok(record !== undefined && more.length === 0, `${more.length + 1} rollbacks`);
  assert.deepEqual(
    { action: record.action, outcome: record.outcome },
    { action: "rollback", outcome: "succeeded" },
  );
  const runs = await recordsSince(stage, 0);
  const dead = runs.findLast(({ action, startedAt }) => action === "deploy" && startedAt < record.startedAt);
  assert.deepEqual([dead?.outcome, dead?.cause], ["stopped", "interrupted"], "the record of the killed run");
  return `${record.reason}; users back in ${record.figures.secondsToRollBack} s, recorded in ${record.figures.seconds} s`;
}
