import { describe, expect, test } from "vitest";
import type { Release } from "../../../infra/config/schema/releases.ts";
import { NoAnswer, Refused } from "../../../release/cluster.ts";
import { Failed } from "../../../release/driver/run.ts";
import { checkSchemas, schemaFaults, schemaNote } from "../../../release/driver/schema.ts";
import type { Project } from "../../../release/project.ts";
import type { Happening } from "../../../release/record.ts";
import { MemoryCluster } from "../../support/memory-cluster.ts";
import { podOf, STATES, storeApi } from "./store.ts";

/** A stack with one service, whose database answers with a version in pods of both slots. */
function stage(release: Release, answer: string | undefined = undefined) {
  const service = storeApi(release);
  const cluster = new MemoryCluster(podOf("blue", "b1"), podOf("green", "g1"));
  if (answer !== undefined) for (const pod of ["b1", "g1"]) cluster.answers[pod] = answer;
  const project = { cluster, service: () => service } as unknown as Project;
  const told: string[] = [];
  const report = {
    add: async (happening: Happening) => void told.push(JSON.stringify(happening.data)),
    status: () => {},
  };
  const { signal } = new AbortController();
  return { service, cluster, project, told, report, signal };
}

describe("after the migrations", () => {
  const { canary } = STATES;

  test("a schema that the candidate works with is written down", async () => {
    const run = stage(canary, "2");
    await checkSchemas(run, [run.service]);
    expect(run.told.join()).toContain("the database of store-api is at schema 2; r2 works with 2..3");
    expect(run.cluster.calls.at(-1)).toMatch(/^exec g1 /);
  });

  test.each(["1", "4"])("schema %s fails the release, though the migration succeeded", async (version) => {
    const run = stage(canary, version);
    const failure = await checkSchemas(run, [run.service]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failed);
    expect(failure).toMatchObject({
      because: "database",
      message: `store-api: after its migration the database is at schema ${version}; r2 works with 2..3`,
    });
  });

  test("a candidate that cannot reach its database fails the release", async () => {
    const run = stage(canary, "ECONNREFUSED");
    await expect(checkSchemas(run, [run.service])).rejects.toMatchObject({
      because: "database",
      message: expect.stringContaining(
        'cannot be asked for its schema: pod g1: migration.version printed "ECONN',
      ),
    });
  });

  test.each([
    ["does not answer", new NoAnswer({ what: "timeout" })],
    ["has lost the pod meanwhile", new Refused("NotFound", 'pods "g1" not found')],
  ])("a cluster that %s is asked again", async (_, fault) => {
    const run = stage(canary, "2");
    let failures = 0;
    run.cluster.interfere = async (verb) => {
      if (verb === "exec" && failures++ === 0) throw fault;
    };
    await checkSchemas(run, [run.service]);
    expect(failures).toBe(2);
  });

  test("whoever may not ask goes by the migration's own word, and says so", async () => {
    const run = stage(canary, "2");
    run.cluster.interfere = async (verb) => {
      if (verb === "exec") throw new Refused("Forbidden", "pods/exec is forbidden");
    };
    await checkSchemas(run, [run.service]);
    expect(run.told.join()).toContain("cannot be asked for its schema: pods/exec is forbidden");
  });

  test("nothing is asked of a release without a schema", async () => {
    const { schema: _, ...silent } = canary.green;
    const run = stage({ ...canary, green: silent });
    await checkSchemas(run, [run.service]);
    expect(run.cluster.calls).toEqual([]);
  });
});

describe("before users go back", () => {
  const { promoted, canary, back } = STATES;

  test("a schema that the release before works with holds nobody up", async () => {
    const way = stage(promoted, "2");
    expect(await schemaFaults(way, way.service, back)).toEqual([]);
    expect(way.told).toEqual([]);
  });

  test("a schema beyond it is a fault", async () => {
    const way = stage(promoted, "3");
    expect(await schemaFaults(way, way.service, back)).toMatchObject([
      { what: "the database is at schema 3 and is never taken back; r1 works with 1..2" },
    ]);
  });

  test("a candidate is taken out whatever the schema: the release before has served with it", async () => {
    const way = stage(canary, "3");
    expect(await schemaFaults(way, way.service, back)).toEqual([]);
    expect(way.cluster.calls).toEqual([]);
  });

  test("a database that does not answer holds nobody up, and that is written down", async () => {
    const way = stage(promoted);
    expect(await schemaFaults(way, way.service, back)).toEqual([]);
    expect(way.told.join()).toContain("goes back by the declared schemas alone: no pod b1");
  });
});

describe("what became of the database", () => {
  test("is told with the version that it has", async () => {
    const { project } = stage(STATES.back, "2");
    expect(await schemaNote(project, ["store-api"])).toEqual({
      schemaNote: "the database of store-api is at schema 2 and stays there",
    });
  });

  test("is told as far as it is known", async () => {
    const { project } = stage(STATES.back);
    expect(await schemaNote(project, ["store-api"])).toEqual({
      schemaNote: "the database of store-api may be at schema 2 or above and stays there",
    });
  });

  test("is nothing where no release has touched it", async () => {
    const { schema: _, ...silent } = STATES.back.green;
    const { project } = stage({ ...STATES.back, green: silent }, "2");
    expect(await schemaNote(project, ["store-api"])).toEqual({});
  });
});
