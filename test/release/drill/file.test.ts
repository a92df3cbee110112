import { afterEach, describe, expect, it } from "vitest";
import { DrilledFile } from "../../../release/drill/file.ts";
import { takenBack } from "../../../release/model/states.ts";
import { ChangedMeanwhile } from "../../../release/project.ts";
import { productionStage, type Stage, sandboxStage } from "./stage.ts";

let stage: Stage;

afterEach(() => stage.remove());

async function openAnd(goBack: boolean, service = "demo"): Promise<DrilledFile> {
  const file = await DrilledFile.open(stage.project, service);
  const back = takenBack(file.original);
  if (goBack && back !== undefined) await file.leave(back);
  return file;
}

describe("the sandbox's file", () => {
  it("says the drilled state, and then to the letter what it said before", async () => {
    stage = await sandboxStage();
    const before = await stage.text();
    const file = await openAnd(true);
    expect(stage.project.service("demo").release).toMatchObject({ phase: "rollback", active: "blue" });
    expect(await stage.text()).not.toBe(before);
    await file.restore();
    expect(await stage.text()).toBe(before);
    expect(stage.project.service("demo").release).toMatchObject({ phase: "steady", active: "green" });
  });

  it("keeps what somebody has changed elsewhere in it meanwhile", async () => {
    stage = await sandboxStage();
    const file = await openAnd(true);
    await stage.write((await stage.text()).replace("retention: 6h", "retention: 7h"));
    await file.restore();
    expect(await stage.text()).toContain("retention: 7h");
    expect(stage.project.service("demo").release).toEqual(file.original);
  });

  it.each([
    ["before the drill wrote it", false],
    ["after it", true],
  ])("is left alone when another run has written the entry, %s", async (_, goBack) => {
    stage = await sandboxStage();
    const file = await openAnd(goBack);
    const theirs = (await stage.text()).replace(/slipway\.local\/demo:r2\b/, "slipway.local/demo:r3");
    await stage.write(theirs);
    await expect(file.expectOwn()).rejects.toThrow(ChangedMeanwhile);
    await expect(file.restore()).rejects.toThrow(ChangedMeanwhile);
    expect(await stage.text()).toBe(theirs);
  });
});

it("is restored in production, too, where nobody may go forward at once without a reason", async () => {
  stage = await productionStage();
  const before = await stage.text();
  const file = await openAnd(true, "paws360-frontend");
  await expect(stage.project.save({ "paws360-frontend": file.original })).rejects.toThrow("the next step is");
  await file.restore();
  expect(await stage.text()).toBe(before);
});
