import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { paths } from "../../../machine/paths.ts";
import { DrilledFile } from "../../../release/drill/file.ts";
import { endDrill } from "../../../release/drill.ts";
import { recordsFolder } from "../../../release/driver/session.ts";
import { takenBack } from "../../../release/model/states.ts";
import { ChangedMeanwhile } from "../../../release/project.ts";
import { type Kubectl, kubectlThat } from "../cluster/kubectl.ts";
import { liveRoute } from "../preflight/live-objects.ts";
import { type Stage, sandboxStage } from "./stage.ts";

let stage: Stage;
let kubectl: Kubectl;
let before: string;

/** A drill that died after the planned rollback, and a cluster that takes every change. */
beforeEach(async () => {
  stage = await sandboxStage();
  before = await stage.text();
  const { config, file: stackFile } = stage.project;
  const route = JSON.stringify(liveRoute(config, stage.project.service("demo")));
  kubectl = await kubectlThat(
    `case "$*" in
      *"get httproute"*) echo '${route}' ;;
      *" get "*) echo 'Error from server (NotFound): not found' >&2; exit 1 ;;
      *patch*) cp "${stackFile}" "$folder/seen-by-patch" ;;
      *) read_input ;;
    esac`,
    join(stage.project.place.folder, "bin"),
  );
  const file = await DrilledFile.open(stage.project, "demo");
  await file.leave(takenBack(file.original) ?? file.original);
});
afterEach(() => stage.remove());

function end() {
  const { place } = stage.project;
  const display = { happened: () => {}, status: () => {} };
  const setting = { place, paths: paths({ SLIPWAY_HOME: place.folder }), display };
  return endDrill({ ...setting, signal: new AbortController().signal }, "demo", before, "the driver died");
}

it("moves the users first, gives the file back to the letter, and has it all on record", async () => {
  const left = await stage.text();
  const { id, action, cause, reason, events } = await end();
  expect(await readFile(join(kubectl.folder, "seen-by-patch"), "utf8")).toBe(left);
  expect(await stage.text()).toBe(before);
  expect({ action, cause }).toEqual({ action: "drill", cause: "interrupted" });
  expect(events).toContainEqual(
    expect.objectContaining({ what: "traffic", data: { service: "demo", slot: "green", weight: 100 } }),
  );
  // There is no engine here: whoever reads the record is told what is left to do, and how.
  expect(reason).toMatch(/^the driver died\n[\s\S]*kubectl patch httproute[\s\S]*then run pulumi up$/);
  const folder = recordsFolder(paths({ SLIPWAY_HOME: stage.project.place.folder }), "sandbox");
  expect(await readFile(join(folder, `${id}.md`), "utf8")).toContain("the driver died");
});

it("touches nothing where somebody rolls back in earnest", async () => {
  await stage.rollBack("demo");
  const theirs = await stage.text();
  await expect(end()).rejects.toThrow(ChangedMeanwhile);
  expect(await stage.text()).toBe(theirs);
  expect((await kubectl.calls()).filter((call) => call.includes("patch"))).toEqual([]);
});
