import { describe, expect, test } from "vitest";
import { UserError } from "../../../infra/lib/errors.ts";
import { askSchema, beyondTarget, isWithin, versionIn } from "../../../release/schema.ts";
import { MemoryCluster } from "../../support/memory-cluster.ts";
import { api, podOf } from "./store.ts";

describe("a database's schema", () => {
  test("is asked for in a ready pod of the service, by the command of the catalogue", async () => {
    const cluster = new MemoryCluster(podOf("blue", "b1", { ready: false }), podOf("blue", "b2"));
    cluster.answers.b2 = "12\n";
    expect(await askSchema(cluster, api, ["blue"])).toBe(12);
    expect(cluster.calls.at(-1)).toBe("exec b2 node /app/migrate.ts version");
  });

  test("is asked for in the next slot where the first has nobody who can answer", async () => {
    const cluster = new MemoryCluster(podOf("green", "g1", { leaving: true }), podOf("blue", "b1"));
    cluster.answers.b1 = "12";
    expect(await askSchema(cluster, api, ["green", "blue"])).toBe(12);
  });

  test("is not asked for where the catalogue has no way", async () => {
    const cluster = new MemoryCluster(podOf("blue", "b1"));
    const { version: _, ...mute } = api.migration as NonNullable<typeof api.migration>;
    expect(await askSchema(cluster, { ...api, migration: mute }, ["blue"])).toBeUndefined();
    expect(await askSchema(cluster, { ...api, migration: undefined }, ["blue"])).toBeUndefined();
    expect(cluster.calls).toEqual([]);
  });

  test("is not known where nobody can be asked", async () => {
    await expect(askSchema(new MemoryCluster(), api, ["blue", "green"])).rejects.toThrow(
      new UserError({ where: "store-api in store-e2e", what: "no pod in blue or green is ready" }),
    );
  });

  test.each([
    ["7", 7],
    ["a notice\n12\n", 12],
    ["0\n", 0],
  ])("%j is %i", (output, version) => {
    expect(versionIn(output, "b1")).toBe(version);
  });

  test.each([
    ["", "nothing"],
    ["12 or so", '"12 or so"'],
    ["-1", '"-1"'],
    ["12\ndone", '"done"'],
  ])("%j is refused", (output, found) => {
    expect(() => versionIn(output, "b1")).toThrow(
      `pod b1: migration.version printed ${found} instead of a number`,
    );
  });
});

describe("a release to go back to", () => {
  const target = { release: "r2", schema: { min: 2, max: 3 } };

  test.each([2, 3])("works with schema %i", (version) => {
    expect(isWithin(version, target.schema)).toBe(true);
    expect(beyondTarget(api, target, version)).toEqual([]);
  });

  test.each([1, 4])(
    "does not work with schema %i, which is told with both and with what to do",
    (version) => {
      expect(beyondTarget(api, target, version)).toEqual([
        {
          where: "store-api in store-e2e",
          what: `the database is at schema ${version} and is never taken back; r2 works with 2..3`,
          remedy: `go forward instead: release a fixed version that works with schema ${version}`,
        },
      ]);
    },
  );

  test("is held to nothing where nothing is known or declared", () => {
    expect(beyondTarget(api, target, undefined)).toEqual([]);
    expect(beyondTarget(api, { release: "r2" }, 4)).toEqual([]);
    expect(beyondTarget(api, undefined, 4)).toEqual([]);
  });
});
