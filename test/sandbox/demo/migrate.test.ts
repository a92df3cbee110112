import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Sql } from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openDatabase } from "../../../sandbox/demo/database.ts";
import { MIGRATIONS } from "../../../sandbox/demo/migrations.ts";
import { openOrders } from "../../../sandbox/demo/orders.ts";
import { migrate, schemaVersion } from "../../../sandbox/demo/schema.ts";
import { PASSWORD, startPostgres, type TestServer } from "../../support/postgres.ts";

const PROGRAM = fileURLToPath(new URL("../../../sandbox/demo/migrate.ts", import.meta.url));

let server: TestServer;
const clients: Sql[] = [];

beforeAll(async () => {
  server = await startPostgres();
}, 60_000);

afterEach(async () => {
  for (const client of clients.splice(0)) await client.end();
});

afterAll(() => server?.stop());

function client(url: string): Sql {
  const access = { url: new URL(url), password: PASSWORD };
  const sql = openDatabase(access, { connections: 1, connectSeconds: 5 });
  clients.push(sql);
  return sql;
}

/** The migration as a Job starts it. */
function start(env: Record<string, string>, ...args: string[]) {
  return spawn(process.execPath, [PROGRAM, ...args], {
    env: { DATABASE_PASSWORD_FILE: server.passwordFile, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function run(env: Record<string, string>, ...args: string[]) {
  const child = start(env, ...args);
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD)])
    expect(output + errors).not.toContain(secret);
  return { exitCode: child.exitCode, lines: output.trimEnd().split("\n"), errors };
}

const range = (min: number, max: number) => ({ SCHEMA_MIN: String(min), SCHEMA_MAX: String(max) });

async function columnsOf(sql: Sql, table: string): Promise<string[]> {
  const rows = await sql<
    { name: string }[]
  >`SELECT column_name AS name FROM information_schema.columns WHERE table_name = ${table} ORDER BY 1`;
  return rows.map(({ name }) => name);
}

describe("the migration", () => {
  test("brings an empty database as far as the release needs it, and says what it did", async () => {
    const url = await server.database();
    const { exitCode, lines } = await run({ DATABASE_URL: url, ...range(2, 3) });
    expect(lines).toEqual([
      `migration: database 127.0.0.1:${server.port}${new URL(url).pathname}, schema wanted 2..3`,
      "migration: applied 1: orders",
      "migration: applied 2: an order may say how many",
      "migration: the schema is at 2",
    ]);
    expect(exitCode).toBe(0);
    expect(await columnsOf(client(url), "orders")).toEqual(["id", "item", "quantity"]);
  });

  test("keeps the rows that are there, and leaves alone what the releases before use", async () => {
    const url = await server.database();
    const sql = client(url);
    await migrate(sql, { min: 1, max: 1 }, MIGRATIONS);
    const orders = openOrders({ DATABASE_URL: url, DATABASE_PASSWORD_FILE: server.passwordFile });
    expect(await orders.place()).toBe(1);
    for (const { version } of MIGRATIONS.slice(1)) {
      expect((await run({ DATABASE_URL: url, ...range(version, version) })).exitCode).toBe(0);
      expect(await orders.place()).toBe(version);
    }
    await orders.close();
    const rows = await sql`SELECT item, quantity, customer FROM orders ORDER BY id`;
    expect(rows).toEqual(MIGRATIONS.map(() => ({ item: "tea", quantity: 1, customer: null })));
  });

  test("does nothing in a database that is within the range", async () => {
    const url = await server.database();
    await run({ DATABASE_URL: url, ...range(2, 2) });
    const { exitCode, lines } = await run({ DATABASE_URL: url, ...range(1, 3) });
    expect(lines.slice(1)).toEqual(["migration: the schema is at 2"]);
    expect(exitCode).toBe(0);
  });

  test("refuses to go down: a database above the range stays as it is", async () => {
    const url = await server.database();
    await run({ DATABASE_URL: url, ...range(3, 3) });
    const sql = client(url);
    const before = await sql`SELECT * FROM schema_version`;
    const { exitCode, lines } = await run({ DATABASE_URL: url, ...range(1, 2) });
    expect(lines.slice(1)).toEqual([
      "migration: refused: found schema 3, the release works with 1..2; nothing was changed; release a version that works with schema 3",
    ]);
    expect(exitCode).toBe(1);
    expect(await sql`SELECT * FROM schema_version`).toEqual(before);
  });

  test("refuses a range that its steps do not reach, and makes nothing", async () => {
    const url = await server.database();
    const { exitCode, lines } = await run({ DATABASE_URL: url, ...range(99, 100) });
    expect(lines[1]).toContain("the image's migrations end at 4: build it with those up to 99");
    expect(exitCode).toBe(1);
    expect(await client(url)`SELECT 1 FROM pg_tables WHERE schemaname = 'public'`).toHaveLength(0);
  });

  test("passes on what the server says, at once, where waiting does not help", async () => {
    const url = new URL(await server.database());
    url.pathname = "/no-such";
    const { exitCode, lines } = await run({ DATABASE_URL: url.href, ...range(1, 1) });
    expect(lines).toEqual([
      'migration: failed: database "no-such" does not exist; its step is undone, those before it stay; mend it and run this again',
    ]);
    expect(exitCode).toBe(1);
  });

  test("waits for a database that is not there yet", async () => {
    const url = new URL(await server.database());
    const late = await lateDoor(Number(url.port), 1_500);
    url.port = String(late.port);
    const { exitCode, lines } = await run({ DATABASE_URL: url.href, ...range(1, 1) });
    late.close();
    expect(lines.at(-1)).toBe("migration: the schema is at 1");
    expect(exitCode).toBe(0);
  });
});

describe("refuses, before it connects,", () => {
  test("all that is wrong with the range", async () => {
    const url = await server.database();
    const wrong = await run({ DATABASE_URL: url, SCHEMA_MIN: "two", SCHEMA_MAX: "" });
    expect(wrong.lines).toEqual([
      "migration: refused: SCHEMA_MIN must be a whole number; SCHEMA_MAX must be a whole number",
    ]);
    const reversed = await run({ DATABASE_URL: url, ...range(3, 2) });
    expect(reversed.lines).toEqual(["migration: refused: SCHEMA_MIN 3 is above SCHEMA_MAX 2"]);
    expect([wrong.exitCode, reversed.exitCode]).toEqual([1, 1]);
  });

  test("all that is wrong with the address", async () => {
    const { lines } = await run({
      DATABASE_URL: "mysql://slipway@127.0.0.1/store",
      DATABASE_PASSWORD_FILE: "/nowhere",
      ...range(1, 1),
    });
    expect(lines).toEqual([
      "migration: refused: DATABASE_URL must be postgres://USER@HOST:PORT/DATABASE; /nowhere cannot be read",
    ]);
  });

  test("a password where everybody can read it", async () => {
    const url = new URL(await server.database());
    url.password = PASSWORD;
    const { lines } = await run({ DATABASE_URL: url.href, ...range(1, 1) });
    expect(lines).toEqual([
      `migration: refused: DATABASE_URL has a password in it: it belongs into ${server.passwordFile}`,
    ]);
  });

  test("an order that it does not know", async () => {
    const { lines, exitCode } = await run({}, "down");
    expect(lines).toEqual(['migration: refused: unknown: down; known is "version", or nothing']);
    expect(exitCode).toBe(1);
  });
});

describe("the version", () => {
  test("is one number, 0 where there was no migration yet", async () => {
    const url = await server.database();
    expect(await run({ DATABASE_URL: url }, "version")).toEqual({ exitCode: 0, lines: ["0"], errors: "" });
    await migrate(client(url), { min: 3, max: 3 }, MIGRATIONS);
    expect((await run({ DATABASE_URL: url }, "version")).lines).toEqual(["3"]);
  });

  test("is never guessed: a database that does not answer is a failure with its reason", async () => {
    const url = new URL(await server.database());
    url.pathname = "/no-such";
    expect(await run({ DATABASE_URL: url.href }, "version")).toEqual({
      exitCode: 1,
      lines: [""],
      errors: 'database "no-such" does not exist\n',
    });
  });
});

describe("on the way", () => {
  test("several at once take turns: each step is applied once, and all of them succeed", async () => {
    const url = await server.database();
    const applied: number[] = [];
    const ends = await Promise.all(
      Array.from({ length: 6 }, () =>
        migrate(client(url), { min: 3, max: 3 }, MIGRATIONS, ({ version }) => applied.push(version)),
      ),
    );
    expect(ends).toEqual([3, 3, 3, 3, 3, 3]);
    expect(applied.sort()).toEqual([1, 2, 3]);
  });

  test("a step that fails leaves nothing behind; the ones before it stay, and the next run goes on", async () => {
    const url = await server.database();
    const sql = client(url);
    await migrate(sql, { min: 1, max: 1 }, MIGRATIONS);
    await sql`INSERT INTO orders (item) VALUES ('')`;
    const { exitCode, lines } = await run({ DATABASE_URL: url, ...range(4, 4) });
    expect(lines.slice(1)).toEqual([
      "migration: applied 2: an order may say how many",
      "migration: applied 3: customers, whom an order may belong to",
      'migration: failed: check constraint "orders_item_named" of relation "orders" is violated by some row; its step is undone, those before it stay; mend it and run this again',
    ]);
    expect(exitCode).toBe(1);
    expect(await schemaVersion(sql)).toBe(3);
    expect(await columnsOf(sql, "orders")).toEqual(["customer", "id", "item", "quantity"]);
    await sql`UPDATE orders SET item = 'tea'`;
    expect((await run({ DATABASE_URL: url, ...range(4, 4) })).lines.at(-1)).toBe(
      "migration: the schema is at 4",
    );
  });

  test("a step does not make users of a table wait behind it for long", async () => {
    const url = await server.database();
    await migrate(client(url), { min: 1, max: 1 }, MIGRATIONS);
    const reader = client(url);
    await reader.begin(async (transaction) => {
      await transaction`SELECT * FROM orders`;
      const blocked = await run({ DATABASE_URL: url, ...range(2, 2) });
      expect(blocked.lines.at(-1)).toMatch(/^migration: failed: canceling statement due to lock timeout; /);
      expect(blocked.exitCode).toBe(1);
    });
    expect((await run({ DATABASE_URL: url, ...range(2, 2) })).exitCode).toBe(0);
  });

  test("SIGTERM ends it, and the server undoes what was not finished", async () => {
    const url = await server.database();
    const sql = client(url);
    await sql`CREATE TABLE schema_version (version integer PRIMARY KEY, title text NOT NULL)`;
    await sql.begin(async (transaction) => {
      await transaction`LOCK TABLE schema_version`;
      const child = start({ DATABASE_URL: url, ...range(1, 1) });
      await once(child.stdout, "data");
      child.kill("SIGTERM");
      expect(await once(child, "exit")).toEqual([143, null]);
    });
    expect(await schemaVersion(sql)).toBe(0);
  });
});

/** A port that refuses connections for a while and then leads to the server. */
async function lateDoor(to: number, afterMs: number) {
  const door = createServer((inner) => {
    const outer = connect(to, "127.0.0.1");
    inner.pipe(outer).pipe(inner);
    for (const end of [inner, outer]) end.on("error", () => end.destroy());
  });
  door.listen(0, "127.0.0.1");
  await once(door, "listening");
  const { port } = door.address() as { port: number };
  door.close();
  await once(door, "close");
  void sleep(afterMs).then(() => door.listen(port, "127.0.0.1"));
  return { port, close: () => door.close() };
}
