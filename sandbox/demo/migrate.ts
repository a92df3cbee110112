// The migration in the demo service's image. `migrate.ts` brings the schema to SCHEMA_MIN..SCHEMA_MAX and exits with 0 when
// it lies within in the end; `migrate.ts version` prints its version. Both fail with exit code 1 and one line that says
// why. How to reach the database: DATABASE_URL and DATABASE_PASSWORD_FILE.
import { setTimeout as sleep } from "node:timers/promises";
import type { Sql } from "postgres";
import { type Access, accessOf, BadAccess, openDatabase } from "./database.ts";
import { MIGRATIONS } from "./migrations.ts";
import { migrate, Refused, type SchemaRange, schemaVersion } from "./schema.ts";

/** A pod may be there before its network and its database are. */
const PATIENCE_MS = 20_000;
const RETRY_MS = 500;
/** The server starts or stops, or nothing answers at its address (yet). */
const PASSING = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "CONNECT_TIMEOUT",
  "57P03",
]);

/** @throws Refused naming everything that is wrong */
function rangeOf({ SCHEMA_MIN, SCHEMA_MAX }: NodeJS.ProcessEnv): SchemaRange {
  const [min, max] = [versionOf(SCHEMA_MIN), versionOf(SCHEMA_MAX)];
  const faults = [
    ...(min === undefined ? ["SCHEMA_MIN must be a whole number"] : []),
    ...(max === undefined ? ["SCHEMA_MAX must be a whole number"] : []),
    ...(min !== undefined && max !== undefined && min > max
      ? [`SCHEMA_MIN ${min} is above SCHEMA_MAX ${max}`]
      : []),
  ];
  if (min === undefined || max === undefined || faults.length > 0) throw new Refused(faults.join("; "));
  return { min, max };
}

function versionOf(text = ""): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

async function bringTo(wanted: SchemaRange, access: Access): Promise<void> {
  const sql = openDatabase(access, { connections: 1, connectSeconds: 5 });
  try {
    await connect(sql);
    const { host, pathname } = access.url;
    print(`migration: database ${host}${pathname}, schema wanted ${wanted.min}..${wanted.max}`);
    const version = await migrate(sql, wanted, MIGRATIONS, (step) =>
      print(`migration: applied ${step.version}: ${step.title}`),
    );
    print(`migration: the schema is at ${version}`);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function connect(sql: Sql): Promise<void> {
  for (const since = performance.now(); ; await sleep(RETRY_MS)) {
    try {
      await sql`SELECT 1`;
      return;
    } catch (error) {
      const isOver = performance.now() - since > PATIENCE_MS;
      if (isOver || !PASSING.has((error as { code?: string }).code ?? "")) throw error;
    }
  }
}

async function printVersion(access: Access): Promise<void> {
  const sql = openDatabase(access, { connections: 1, connectSeconds: 2, statementMs: 2_000 });
  try {
    print(String(await schemaVersion(sql)));
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Why a migration failed, in one line, with what to do. */
function reasonOf(error: unknown): string {
  if (error instanceof Refused || error instanceof BadAccess) return `migration: refused: ${error.message}`;
  return `migration: failed: ${gistOf(error)}; its step is undone, those before it stay; mend it and run this again`;
}

/** A fault of the network may have no message of its own. */
function gistOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return (message || code || String(error)).replaceAll(/\s*\n\s*/g, " ");
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

// As the first process of a container it would not be ended by the signal itself; the server undoes the open transaction.
process.once("SIGTERM", () => process.exit(143));

const [verb] = process.argv.slice(2);
try {
  if (verb === "version") await printVersion(accessOf(process.env));
  else if (verb === undefined) await bringTo(rangeOf(process.env), accessOf(process.env));
  else throw new Refused(`unknown: ${verb}; known is "version", or nothing`);
} catch (error) {
  // A line of its own kind: what asks for the version reads numbers only.
  if (verb === "version") process.stderr.write(`${gistOf(error)}\n`);
  else print(reasonOf(error));
  process.exitCode = 1;
}
