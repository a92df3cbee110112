import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { StackPlace } from "../../../engine/stack.ts";
import { startGuard } from "../../../release/driver/guard.ts";
import { withCandidate, withWeight } from "../../../release/model/states.ts";
import { readRecords } from "../../../release/recorder.ts";
import { type Kubectl, kubectlThat } from "../cluster/kubectl.ts";
import { type Stage, sandboxStage } from "../drill/stage.ts";
import { liveDeployment } from "../preflight/live-objects.ts";

const GUARD = new URL("../../../release/driver/guard.ts", import.meta.url).href;

let stage: Stage;
let kubectl: Kubectl;

/** A stack with a candidate on its way, and a cluster that takes every change. */
beforeEach(async () => {
  stage = await sandboxStage();
  const demo = () => stage.project.service("demo");
  const r3 = { release: "r3", image: "slipway.local/demo:r3" };
  await stage.project.save({ demo: withWeight(withCandidate(demo().release, r3, 5), 5) });
  const items = JSON.stringify({ items: [liveDeployment(demo(), "blue"), liveDeployment(demo(), "green")] });
  kubectl = await kubectlThat(
    `case "$*" in
      *"get deployment.apps"*) echo '${items}' ;;
      *"get pods"*) echo '{"items": []}' ;;
      *" get "*) echo 'Error from server (NotFound): not found' >&2; exit 1 ;;
      *) read_input; cp "${stage.project.file}" "$folder/seen-by-$(echo "$*" | cut -d' ' -f2)" ;;
    esac`,
    join(stage.project.place.folder, "bin"),
  );
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await stage.remove();
});

function seenBy(verb: string): Promise<string> {
  return readFile(join(kubectl.folder, `seen-by-${verb}`), "utf8");
}

/** A driver in a process of its own, with a guard. */
async function driver(place: StackPlace) {
  const program = `
    const { startGuard } = await import(${JSON.stringify(GUARD)});
    await startGuard({ place: ${JSON.stringify(place)} }, { names: ["demo"] });
    process.stdout.write("on guard");
    setInterval(() => {}, 1_000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    env: { ...process.env, SLIPWAY_HOME: place.folder },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  await once(child.stdout, "data");
  return child;
}

it("takes back what a killed driver leaves: the stack file, then the traffic; and says why", async () => {
  const child = await driver(stage.project.place);
  // All of its group, as a terminal that is closed does.
  process.kill(-(child.pid as number), "SIGKILL");
  await expect.poll(() => seenBy("patch").catch(() => ""), { timeout: 30_000 }).toContain("phase: rollback");
  const folder = join(stage.project.place.folder, "releases", "sandbox");
  await expect
    .poll(() => readRecords(folder), { timeout: 30_000 })
    .toEqual([
      expect.objectContaining({
        action: "rollback",
        finishedAt: expect.any(String),
        events: expect.arrayContaining([
          expect.objectContaining({
            what: "going back",
            data: { cause: "asked for", reason: `the release driver (pid ${child.pid}) died in the middle` },
          }),
        ]),
      }),
    ]);
  expect((await kubectl.calls()).filter((call) => call.includes("patch"))).toHaveLength(1);
}, 60_000);

it("does nothing when it is dismissed", async () => {
  const before = await stage.text();
  const { place } = stage.project;
  vi.stubEnv("SLIPWAY_HOME", place.folder);
  const guard = await startGuard({ place } as Parameters<typeof startGuard>[0], { names: ["demo"] });
  await guard.dismiss();
  expect(await kubectl.calls()).toEqual([]);
  expect(await stage.text()).toBe(before);
  expect(await readdir(place.folder)).not.toContain("releases");
});
