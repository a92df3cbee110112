// Watches a release driver from a process of its own, and takes the release back when the driver dies. Told on stdin;
// see driver/guard.ts.
import { text } from "node:stream/consumers";
import { paths } from "../machine/paths.ts";
import { DISMISSED, type Watch } from "./driver/guard.ts";
import { onItsWay } from "./driver/take-back.ts";
import { Project } from "./project.ts";
import { rollback } from "./rollback.ts";

const [first = "", last] = (await text(process.stdin)).trimEnd().split("\n");
if (last !== DISMISSED) {
  const { place, names, pid }: Watch = JSON.parse(first);
  const display = { happened: () => {}, status: () => {} };
  const setting = { place, paths: paths(), display, signal: new AbortController().signal };
  const unproven = onItsWay(await Project.open(place, setting.paths), names);
  if (unproven.length > 0)
    await rollback(setting, unproven, `the release driver (pid ${pid}) died in the middle`);
}
