// Watches a release driver from a process of its own, and takes the release back, or ends the drill, when the driver dies.
// Told on stdin; see driver/guard.ts.
import { text } from "node:stream/consumers";
import { paths } from "../machine/paths.ts";
import { endDrill } from "./drill.ts";
import { DISMISSED, type Watch } from "./driver/guard.ts";
import type { Setting } from "./driver/session.ts";
import { onItsWay } from "./driver/take-back.ts";
import { Project } from "./project.ts";
import { rollback } from "./rollback.ts";

const [first = "", last] = (await text(process.stdin)).trimEnd().split("\n");
if (last !== DISMISSED) await takeOver(JSON.parse(first));

async function takeOver({ place, names, before, pid }: Watch): Promise<void> {
  const display = { happened: () => {}, status: () => {} };
  const setting: Setting = { place, paths: paths(), display, signal: new AbortController().signal };
  const reason = `the release driver (pid ${pid}) died in the middle`;
  if (before !== undefined) {
    for (const name of names) await endDrill(setting, name, before, reason);
    return;
  }
  const unproven = onItsWay(await Project.open(place, setting.paths), names);
  if (unproven.length > 0) await rollback(setting, unproven, reason);
}
