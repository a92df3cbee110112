import { demo } from "./demo.ts";
import type { ServiceDefinition } from "./service.ts";

/**
 * The demo service as a system with a database: every request to the API places an order. The stack file gives the
 * database's address, `DATABASE_URL: postgres://USER@HOST:PORT/DATABASE`, and the way to it (`egress`).
 */
export const storeApi: ServiceDefinition = {
  ...demo,
  name: "store-api",
  system: "store",
  smoke: [...(demo.smoke ?? []), { name: "an order", path: "/", expect: { body: '"order":\\d+' } }],
  migration: {
    command: ["node", "/app/migrate.ts"],
    version: ["node", "/app/migrate.ts", "version"],
    timeout: "2m",
  },
  config: { ...demo.config, SERVICE: "store-api" },
  secrets: ["DATABASE_PASSWORD"],
  secretsAs: "files",
};

/** What users of the store see. */
export const storeWeb: ServiceDefinition = {
  ...demo,
  name: "store-web",
  system: "store",
  calls: ["store-api"],
  config: { ...demo.config, SERVICE: "store-web" },
};
