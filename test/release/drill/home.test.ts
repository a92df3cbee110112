import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DrilledFile } from "../../../release/drill/file.ts";
import { Home } from "../../../release/drill/home.ts";
import type { Session } from "../../../release/driver/session.ts";
import { takenBack } from "../../../release/model/states.ts";
import { ChangedMeanwhile, type Project } from "../../../release/project.ts";
import { productionStage, type Stage, sandboxStage } from "./stage.ts";

let stage: Stage;
let before: string;
/** In their order: what the cluster had each time the engine was asked. */
let engineSaw: unknown[];

afterEach(() => stage.remove());

/** A drill up to the moment that users have left, by the one way or the other. */
async function left(service: string, way: "emergency" | "planned"): Promise<void> {
  before = await stage.text();
  engineSaw = [];
  const file = await DrilledFile.open(stage.project, service);
  const back = takenBack(file.original);
  if (back === undefined) throw new Error("nothing to go back to");
  if (way === "planned") await file.leave(back);
  await new Home(sessionOf(stage.project, service), file).patch(back);
}

/** A session whose engine gives the cluster what the stack file says. */
function sessionOf(project: Project, service: string): Session {
  return {
    add: async () => {},
    status: () => {},
    engine: {
      up: async () => {
        engineSaw.push(await stage.live(service));
        await project.reload();
        await stage.apply(service, project);
      },
    },
  } as unknown as Session;
}

/** What the guard does: it shares nothing with the drill but file and cluster. */
async function putBackByGuard(service: string): Promise<void> {
  const project = await stage.again();
  const file = DrilledFile.resume(project, service, before);
  await new Home(sessionOf(project, service), file).putBack(true, async () => {});
}

it("has a command for people that gives users theirs back", async () => {
  stage = await sandboxStage();
  await left("demo", "emergency");
  const { project } = stage;
  const file = DrilledFile.resume(project, "demo", before);
  const [, patch = ""] = /--patch '(.*)'$/.exec(new Home(sessionOf(project, "demo"), file).command) ?? [];
  const object = { kind: "httproute", namespace: "demo-sandbox", name: "demo" };
  await stage.cluster.patch(object, JSON.parse(patch));
  expect(await stage.live("demo")).toEqual({ blue: 0, green: 100 });
});

describe("what a drill leaves that dies", () => {
  beforeEach(async () => {
    stage = await sandboxStage();
  });

  it.each(["emergency", "planned"] as const)(
    "in the %s rollback is put back: users first, then the file, then the engine's record",
    async (way) => {
      await left("demo", way);
      expect(await stage.live("demo")).toEqual({ blue: 100, green: 0 });
      await putBackByGuard("demo");
      expect(engineSaw).toEqual([{ blue: 0, green: 100 }]);
      expect(await stage.live("demo")).toEqual({ blue: 0, green: 100 });
      expect(await stage.text()).toBe(before);
    },
  );

  it("is left to a rollback in earnest that came meanwhile", async () => {
    await left("demo", "planned");
    await stage.rollBack("demo");
    const theirs = await stage.text();
    await expect(putBackByGuard("demo")).rejects.toThrow(ChangedMeanwhile);
    expect(await stage.live("demo")).toEqual({ blue: 100, green: 0 });
    expect(await stage.text()).toBe(theirs);
  });

  it("takes nothing along that others have changed elsewhere in the file", async () => {
    await left("demo", "planned");
    await stage.write((await stage.text()).replace("retention: 6h", "retention: 7h"));
    await putBackByGuard("demo");
    expect(await stage.text()).toContain("retention: 7h");
    expect(await stage.text()).not.toContain("rollback");
  });
});

it("is put back in production, too, where nobody may go forward at once without a reason", async () => {
  stage = await productionStage();
  await left("paws360-frontend", "planned");
  await putBackByGuard("paws360-frontend");
  expect(await stage.text()).toBe(before);
});
