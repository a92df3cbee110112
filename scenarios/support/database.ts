import { randomBytes } from "node:crypto";
import type { Sql } from "postgres";
import { CLUSTER } from "../../sandbox/addresses.ts";
import { postgresImage } from "../../sandbox/database/image.ts";
import { DATABASE, DATABASE_PORT, databaseObjects } from "../../sandbox/database/objects.ts";
import { openDatabase } from "../../sandbox/demo/database.ts";
import { MIGRATIONS } from "../../sandbox/demo/migrations.ts";
import { migrate, schemaVersion } from "../../sandbox/demo/schema.ts";
import { imageSpecs } from "../../sandbox/images/catalogue.ts";
import { containerdStore } from "../../sandbox/images/containerd-store.ts";
import { ensureImages } from "../../sandbox/images/import.ts";
import { REGISTRY } from "../../sandbox/images/oci.ts";
import { layout } from "../../sandbox/layout.ts";
import type { Telling } from "../scenario.ts";
import { kubectl, kubectlWith } from "./cluster.ts";
import type { Edit } from "./stack-text.ts";
import { unwatched } from "./stacks.ts";

const NAMESPACE = "store-database";

/** A PostgreSQL server in the cluster, as its operator sees it. */
export class Database {
  readonly password: string;

  constructor(password: string) {
    this.password = password;
  }

  /** What a service's entry in the stack file must say so that its pods reach it; the password is a secret's matter. */
  edits(service: string): Edit[] {
    const at = (key: string) => ["slipway:services", service, key];
    return [
      [at("config"), { DATABASE_URL: addressOf(`${DATABASE}.${NAMESPACE}`).href }],
      [at("egress"), [{ addresses: CLUSTER.podRange, port: DATABASE_PORT }]],
    ];
  }

  version(): Promise<number> {
    return this.ask(schemaVersion);
  }

  /** Brings the schema to a version past all releases. */
  migrateTo(version: number): Promise<number> {
    return this.ask((sql) => migrate(sql, { min: version, max: version }, MIGRATIONS));
  }

  /** Names of all tables and columns, `orders.item`. */
  async columns(): Promise<string[]> {
    const rows = await this.ask(
      (sql) => sql<{ name: string }[]>`SELECT table_name || '.' || column_name AS name
        FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1`,
    );
    return rows.map(({ name }) => name);
  }

  /** Runs statements in it. Pods are reached from this machine without a Service. */
  async ask<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const path = "--output=jsonpath={.items[0].status.podIP}";
    const ip = await kubectl("get", "pods", "--namespace", NAMESPACE, path);
    const access = { url: addressOf(ip), password: this.password };
    const sql = openDatabase(access, { connections: 1, connectSeconds: 5 });
    try {
      return await work(sql);
    } finally {
      await sql.end();
    }
  }
}

function addressOf(host: string): URL {
  return new URL(`postgres://slipway@${host}:${DATABASE_PORT}/postgres`);
}

/** An empty database in the sandbox; it goes at the end with all that is in it. Its image is made where it is missing. */
export async function emptyDatabase(afterwards: Telling["afterwards"]): Promise<Database> {
  const place = layout();
  const image = await postgresImage();
  await ensureImages(place, containerdStore(place), [...(await imageSpecs()), image], unwatched);
  const remove = () => kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found");
  await remove();
  afterwards(remove);
  const password = randomBytes(18).toString("base64url");
  const items = databaseObjects(NAMESPACE, `${REGISTRY}/${image.name}:${image.tag}`, password);
  await kubectlWith({ apiVersion: "v1", kind: "List", items }, "create", "--filename=-");
  await kubectl("rollout", "status", `deployment/${DATABASE}`, "--namespace", NAMESPACE, "--timeout=60s");
  return new Database(password);
}
