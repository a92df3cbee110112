import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadScenarios, runScenario } from "../../scenarios/scenario.ts";

it("tells what was done and what was seen", async () => {
  const result = await runScenario({
    id: "X1",
    title: "a light goes on",
    async tell({ given, when, then }) {
      const lamp = await given("a lamp", async () => ({ on: false }));
      await when("it is switched on", async () => {
        lamp.on = true;
      });
      await then("there is light", async () => `on is ${lamp.on}`);
    },
  });
  expect(result).toMatchObject({
    id: "X1",
    result: "passed",
    evidence: ["given a lamp", "when it is switched on", "then there is light: on is true"],
  });
});

it("fails with the reason, and undoes all the same, the last thing first", async () => {
  const undone: string[] = [];
  const result = await runScenario({
    id: "X2",
    title: "it breaks",
    async tell({ then, afterwards }) {
      afterwards(async () => undone.push("first"));
      afterwards(async () => undone.push("second"));
      await then("all is well", async () => {
        throw new Error("it is not");
      });
    },
  });
  expect(result.result).toBe("failed");
  expect(result.evidence).toEqual(["then all is well", "FAILED: it is not"]);
  expect(undone).toEqual(["second", "first"]);
});

it("fails when undoing fails", async () => {
  const tell = async ({ afterwards }: { afterwards(undo: () => Promise<unknown>): void }) =>
    afterwards(() => Promise.reject(new Error("stuck")));
  const result = await runScenario({ id: "X3", title: "it stays", tell });
  expect(result).toMatchObject({ result: "failed", evidence: ["FAILED: stuck"] });
});

it("loads all files of a folder in the order of their ids", async () => {
  const folder = await mkdtemp(join(tmpdir(), "slipway-scenarios-"));
  for (const id of ["S10", "S9"])
    await writeFile(join(folder, `${id}.ts`), `export default { id: "${id}", title: "", async tell() {} };`);
  expect((await loadScenarios(folder)).map(({ id }) => id)).toEqual(["S9", "S10"]);
  await rm(folder, { recursive: true });
});

it("stops when it is told to, after having undone everything", async () => {
  const stop = new AbortController();
  const undone: string[] = [];
  const told: string[] = [];
  const light = Promise.withResolvers<void>();
  const result = await runScenario(
    {
      id: "X4",
      title: "it waits for light",
      async tell({ when, then, afterwards }) {
        afterwards(async () => undone.push("first"));
        afterwards(async () => {
          undone.push("second");
          light.resolve();
        });
        await when("it waits", () => {
          stop.abort(new Error("enough"));
          return light.promise.then(() => afterwards(async () => undone.push("late")));
        });
        await then("there is light", async () => "never seen");
      },
    },
    (sentence) => told.push(sentence),
    stop.signal,
  );
  expect(told).toEqual(["when it waits"]);
  expect(undone).toEqual(["second", "late", "first"]);
  expect(result).toMatchObject({ result: "failed", evidence: ["when it waits", "FAILED: enough"] });
});
