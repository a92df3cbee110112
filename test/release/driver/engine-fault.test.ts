import { describe, expect, test } from "vitest";
import { causeOfFault, gistOf } from "../../../release/driver/engine-fault.ts";

const PRINTED = `migration: database postgres.store-database:5432/postgres, schema wanted 3..4
migration: failed: check constraint "orders_item_named" of relation "orders" is violated by some row; mend it and run this again
`;

/** As the engine reported a failed migration on the sandbox. */
const MIGRATION = `pulumi up --stack e2e: 4 errors occurred:
\t* resource "urn:pulumi:e2e::slipway::slipway:slots:BlueGreenService$slipway:slots:Slot$kubernetes:batch/v1:Job::store-api-blue-migration" was successfully created, but the Kubernetes API server reported that it failed to fully initialize or become live: Resource 'store-api-migration-r3' was created but failed to initialize
\t* [Pod store-e2e/store-api-migration-r3-d5vd6]: containers with unready status: [store-api]
\t* [Pod store-e2e/store-api-migration-r3-d5vd6]: [Error] ${PRINTED}
\t* [BackoffLimitExceeded] Job has reached the specified backoff limit
pulumi up --stack e2e: update failed`;

const SMOKE = `pulumi up --stack e2e: 2 errors occurred:
\t* resource "urn:pulumi:e2e::slipway::Job::store-api-smoke" was successfully created
\t* [Pod store-e2e/store-api-smoke-r3-5-d5vd6]: [Error] smoke test of r3 in green for 5 %
an order: found 503
1 of 3 failed

\t* [BackoffLimitExceeded] Job has reached the specified backoff limit`;

describe("the gist of a failed", () => {
  test("migration is what it printed last, with the service's name", () => {
    expect(gistOf(MIGRATION)).toBe(`the migration of store-api failed: ${PRINTED.trimEnd()}`);
    expect(causeOfFault(MIGRATION)).toBe("database");
  });

  test("migration that prints much are its last lines", () => {
    const much = MIGRATION.replace(
      PRINTED,
      `${Array.from({ length: 40 }, (_, n) => `line ${n}`).join("\n")}\n`,
    );
    expect(gistOf(much)).toBe("the migration of store-api failed: line 37\nline 38\nline 39");
  });

  test("migration of each of several services", () => {
    const both = `${MIGRATION}\n${MIGRATION.replaceAll("store-api", "store-stock")}`;
    expect(gistOf(both).match(/the migration of \S+ failed/g)).toEqual([
      "the migration of store-api failed",
      "the migration of store-stock failed",
    ]);
  });

  test("migration that printed nothing, as one that took too long, is the whole report", () => {
    const late = MIGRATION.replace(/\t\* \[Pod[^\n]*\]: \[Error\][\s\S]*?\n\n/, "").replace(
      "BackoffLimit",
      "Deadline",
    );
    expect(gistOf(late)).toBe(late);
    expect(causeOfFault(late)).toBe("database");
  });

  test("smoke test is what that found", () => {
    expect(gistOf(SMOKE)).toBe("smoke test of r3 in green for 5 %\nan order: found 503\n1 of 3 failed");
    expect(causeOfFault(SMOKE)).toBe("smoke test");
  });
});

test.each([
  ["Deployment store-api-green did not become ready", "not ready"],
  ["the provider could not be started", "engine"],
] as const)("%s: %s", (message, cause) => {
  expect([gistOf(message), causeOfFault(message)]).toEqual([message, cause]);
});
