import assert from "node:assert/strict";
import type { LoadReport } from "../../sandbox/load/report.ts";
import type { Scenario } from "../scenario.ts";
import { type Database, emptyDatabase } from "../support/database.ts";
import { assertEnded, Driver, notesIn, stepsIn } from "../support/driver.ts";
import { demoImage } from "../support/images.ts";
import type { Stage } from "../support/stage.ts";
import { storeStack } from "../support/store.ts";
import { assertNeverAnswered, traffic } from "../support/traffic.ts";

const scenario: Scenario = {
  id: "E5",
  title: "backend, frontend and database are released together or not at all, and the schema never goes back",
  async tell({ given, when, then, afterwards }) {
    const database = await given("a database at schema 1", async () => {
      const empty = await emptyDatabase(afterwards);
      await empty.migrateTo(1);
      return empty;
    });
    const [api, web] = await given("a store of two parts, whose API takes orders into it", () =>
      storeStack(afterwards, database),
    );
    const loads = await given("users of both parts", () =>
      Promise.all([traffic(afterwards, api), traffic(afterwards, web)]),
    );
    const run = (...args: string[]) => new Driver(afterwards, api, args).ended;
    const deploy = async (tag: "r1" | "r2" | "r3", schema: string) => {
      const image = await demoImage(tag);
      return run("deploy", `store-api=${image}`, `store-web=${image}`, "--schema", schema, "--yes");
    };

    const forward = await when("both parts are released for schema 2 to 4", () => deploy("r2", "2..4"));
    await then("they reach all users step by step, together", async () => {
      const record = assertEnded(forward, { exitCode: 0, outcome: "succeeded" });
      assert.equal(
        stepsIn(record),
        [5, 25, 100].flatMap((at) => [`${at} % pass`, `${at} % pass`]).join(", "),
      );
      return onBoth([api, web], "green", "r2", "steady");
    });
    await then(
      "the migration brought the schema to 2 and no further, which the driver has seen",
      async () => {
        const notes = notesIn(assertEnded(forward, { exitCode: 0, outcome: "succeeded" }));
        assert.ok(notes.includes("the database of store-api is at schema 2; r2 works with 2..4"));
        return isAt(database, 2);
      },
    );

    await given("somebody brings the schema to 3, which r2 works with and r1 does not", () =>
      database.migrateTo(3),
    );
    const back = await when("both parts are to go back to r1", () =>
      run("rollback", "store-api", "store-web"),
    );
    await then("that is refused, with the reason", async () => {
      const { reason = "" } = assertEnded(back, { exitCode: 1, outcome: "failed", cause: "database" });
      assert.match(reason, /the database is at schema 3 and is never taken back; r1 works with 1\.\.2/);
      return reason;
    });
    const older = await when("r1 is released anew instead", () => deploy("r1", "1..2"));
    await then("that is refused before anything begins, with the reason", async () => {
      const { reason = "" } = assertEnded(older, { exitCode: 1, outcome: "failed", cause: "preflight" });
      assert.match(reason, /works with schema 1\.\.2; the database has 3/);
      return reason;
    });
    await then("both parts are where they were", () => onBoth([api, web], "green", "r2", "steady"));

    const before = await database.columns();
    await given("an order that the next migration does not expect", () => placeNameless(database));
    const failing = await when("both parts are released for schema 4 and 5", () => deploy("r3", "4..5"));
    await then("the migration fails, and the record says why", async () => {
      const record = assertEnded(failing, { exitCode: 1, outcome: "rolled back", cause: "database" });
      assert.match(record.reason ?? "", /^the migration of store-api failed: .*orders_item_named/s);
      assert.equal(record.schemaNote, "the database of store-api is at schema 3 and stays there");
      assert.equal(stepsIn(record), "");
      return `${record.reason}; ${record.schemaNote}`;
    });
    await then("nothing of its step is left in the database", async () => {
      assert.deepEqual(await database.columns(), before);
      return isAt(database, 3);
    });
    await then("both parts are where they were", () => onBoth([api, web], "green", "r2", "rollback"));
    await then("the database's password is in no record, no log and no description of a pod", async () => {
      const runs = [forward, back, older, failing].map(({ stdout, timeline }) => stdout + timeline);
      const described = await api.kubectl("get", "pods,jobs,deployments,configmaps", "--output=json");
      const logs = await api.kubectl("logs", "--selector=app=store-api", "--tail=-1");
      const places = [...runs, described, logs];
      assert.ok(places.every((text) => text !== "" && !text.includes(database.password)));
      return `${places.length} texts looked through`;
    });

    const [ofApi, ofWeb] = await Promise.all([loads[0].stop(), loads[1].stop()]);
    await then("no request failed, and none reached the release that was not to be", async () =>
      [ofApi, ofWeb].map((report) => assertNeverAnswered(report, "r3")).join("; "),
    );
    await then("every order that was confirmed is in the database", () => hasAll(database, ofApi));
  },
};

async function onBoth(stages: readonly Stage[], ...state: Parameters<Stage["servesOnly"]>): Promise<string> {
  const seen = await Promise.all(stages.map((stage) => stage.servesOnly(...state)));
  return seen.map((text, index) => `${stages[index]?.service}: ${text}`).join("; ");
}

async function isAt(database: Database, expected: number): Promise<string> {
  const found = await database.version();
  assert.equal(found, expected);
  return `schema ${found}`;
}

async function placeNameless(database: Database): Promise<void> {
  await database.ask((sql) => sql`INSERT INTO orders (item) VALUES ('')`);
}

/** Each good answer of the API names an order; smoke tests place some as well. */
async function hasAll(database: Database, { ok }: LoadReport): Promise<string> {
  const [row] = await database.ask(
    (sql) => sql<{ count: number }[]>`SELECT count(*)::int AS count FROM orders`,
  );
  const count = row?.count ?? 0;
  assert.ok(ok > 0 && count >= ok, `${count} orders, ${ok} confirmed`);
  return `${count} orders, ${ok} of them confirmed to users`;
}

export default scenario;
