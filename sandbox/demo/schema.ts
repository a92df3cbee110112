import type { Sql, TransactionSql } from "postgres";
import type { Migration } from "./migrations.ts";

/** Versions of the schema that a release works with, both ends included. */
export interface SchemaRange {
  readonly min: number;
  readonly max: number;
}

/** What was asked for cannot be done, however often it is tried; the message is one line that ends with the remedy. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** Held for the length of each step, so that two migrations at once take turns. Any number that nobody else uses. */
const ADVISORY_LOCK = 7_546_279_274;
/** A step that waits longer for a table would make the users of that table wait behind it. */
const LOCK_TIMEOUT = "5s";

/**
 * The next step on the way from a version to the lowest one of a range; undefined where nothing is to be done.
 * Going no further than needed leaves the widest choice of releases to go back to.
 * @throws Refused when no steps lead there
 */
export function nextMigration(
  found: number,
  wanted: SchemaRange,
  known: readonly Migration[],
): Migration | undefined {
  if (found > wanted.max) throw refused(found, wanted, `release a version that works with schema ${found}`);
  if (found >= wanted.min) return undefined;
  const newest = known.at(-1)?.version ?? 0;
  if (newest >= wanted.min) return known.find(({ version }) => version === found + 1);
  throw refused(
    found,
    wanted,
    `the image's migrations end at ${newest}: build it with those up to ${wanted.min}, or correct the release's schema range`,
  );
}

function refused(found: number, { min, max }: SchemaRange, remedy: string): Refused {
  return new Refused(
    `found schema ${found}, the release works with ${min}..${max}; nothing was changed; ${remedy}`,
  );
}

/**
 * Brings a database's schema into a range, each step in a transaction of its own. What is done stays done when a later
 * step fails.
 * @param onStep called after each step that was applied
 * @returns the version in the end
 * @throws Refused when the database is above the range, or the steps end below it
 */
export async function migrate(
  sql: Sql,
  wanted: SchemaRange,
  known: readonly Migration[],
  onStep: (step: Migration) => void = () => {},
): Promise<number> {
  for (;;) {
    const step = await sql.begin(async (transaction) => {
      await transaction`SELECT pg_advisory_xact_lock(${ADVISORY_LOCK})`;
      const found = await schemaVersion(transaction);
      const next = nextMigration(found, wanted, known);
      if (next !== undefined) await apply(transaction, next);
      return next ?? found;
    });
    if (typeof step === "number") return step;
    onStep(step);
  }
}

async function apply(transaction: TransactionSql, { version, title, statements }: Migration): Promise<void> {
  await transaction.unsafe(
    `SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'; SET LOCAL client_min_messages = warning`,
  );
  await transaction`CREATE TABLE IF NOT EXISTS schema_version (
    version integer PRIMARY KEY,
    title text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
  )`;
  await transaction.unsafe(statements);
  await transaction`INSERT INTO schema_version (version, title) VALUES (${version}, ${title})`;
}

/** The version of a database's schema; 0 where it never had one. */
export async function schemaVersion(sql: Sql | TransactionSql): Promise<number> {
  const [table] = await sql<
    { exists: boolean }[]
  >`SELECT to_regclass('schema_version') IS NOT NULL AS exists`;
  if (table?.exists !== true) return 0;
  const [newest] = await sql<
    { version: number }[]
  >`SELECT coalesce(max(version), 0) AS version FROM schema_version`;
  return newest?.version ?? 0;
}
