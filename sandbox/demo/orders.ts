import type { Sql } from "postgres";
import { accessOf, openDatabase } from "./database.ts";

/** What the service does with its database: it takes orders. */
export interface Orders {
  /** @returns the order's number, once it is in the database */
  place(): Promise<number>;
  close(): Promise<void>;
}

const LIMITS = { connections: 4, connectSeconds: 5, statementMs: 10_000 };

/**
 * The orders of a database. Names each column that it uses: a migration adds others while this runs.
 * @throws BadAccess
 */
export function openOrders(env: NodeJS.ProcessEnv): Orders {
  const sql = openDatabase(accessOf(env), LIMITS);
  return { place: () => place(sql), close: () => sql.end({ timeout: 5 }) };
}

async function place(sql: Sql): Promise<number> {
  const [order] = await sql<{ id: string }[]>`INSERT INTO orders (item) VALUES ('tea') RETURNING id`;
  return Number(order?.id);
}
