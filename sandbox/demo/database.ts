import { readFileSync } from "node:fs";
import type { Sql } from "postgres";
import postgres from "postgres";

/** Where a pod finds the password: a file of the service's Secret. */
export const PASSWORD_FILE = "/run/secrets/DATABASE_PASSWORD";

/** How a database is reached. */
export interface Access {
  /** postgres://USER@HOST:PORT/DATABASE */
  readonly url: URL;
  readonly password: string;
}

/** What is wrong with the variables; the message never has their values in it, one may hold a password. */
export class BadAccess extends Error {
  override readonly name = "BadAccess";
}

/**
 * How to reach the database: the address from DATABASE_URL, the password from the file DATABASE_PASSWORD_FILE, so that
 * neither a list of processes nor a description of the pod shows it.
 * @throws BadAccess naming everything that is wrong
 */
export function accessOf({
  DATABASE_URL,
  DATABASE_PASSWORD_FILE = PASSWORD_FILE,
}: NodeJS.ProcessEnv): Access {
  const url = URL.parse(DATABASE_URL ?? "");
  const password = contentOf(DATABASE_PASSWORD_FILE);
  const isAddress = url !== null && /^postgres(ql)?:$/.test(url.protocol) && url.hostname !== "";
  const faults = [
    ...(isAddress ? [] : ["DATABASE_URL must be postgres://USER@HOST:PORT/DATABASE"]),
    ...(isAddress && url.password !== ""
      ? [`DATABASE_URL has a password in it: it belongs into ${DATABASE_PASSWORD_FILE}`]
      : []),
    ...(password === undefined ? [`${DATABASE_PASSWORD_FILE} cannot be read`] : []),
  ];
  if (url === null || password === undefined || faults.length > 0) throw new BadAccess(faults.join("; "));
  return { url, password };
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trimEnd();
  } catch {
    return undefined;
  }
}

/** What a client of the database may need of it. */
export interface Limits {
  readonly connections: number;
  readonly connectSeconds: number;
  /** How long a statement may take; none: as long as it does. */
  readonly statementMs?: number;
}

/** A client of the database; connects at its first use. */
export function openDatabase(
  { url, password }: Access,
  { connections, connectSeconds, statementMs }: Limits,
): Sql {
  return postgres(url.href, {
    password,
    max: connections,
    connect_timeout: connectSeconds,
    onnotice: () => {},
    ...(statementMs === undefined ? {} : { connection: { statement_timeout: statementMs } }),
  });
}
