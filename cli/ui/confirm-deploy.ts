import { createInterface } from "node:readline/promises";
import type { StackPlace } from "../../engine/stack.ts";
import { UserError } from "../../infra/lib/errors.ts";
import type { Paths } from "../../machine/paths.ts";
import { type Order, planOrder } from "../../release/deploy.ts";
import { otherOf } from "../../release/model/states.ts";
import { Project } from "../../release/project.ts";

/**
 * Says what a deploy would do, and asks for a yes where there is somebody to ask.
 * @returns whether there is anything to do
 * @throws UserError when the answer is no; nothing was changed then.
 */
export async function confirmDeploy(
  place: StackPlace,
  paths: Paths,
  order: Order,
  yes: boolean,
): Promise<"go on" | "nothing"> {
  const project = await Project.open(place, paths);
  const { entries, nothing } = await planOrder(project, order);
  const lines = Object.entries(entries).map(([name, entry]) => {
    const slot = otherOf(entry);
    const share = entry.weight === 0 ? "" : `; goes on at ${entry.weight} %`;
    const steps = project.service(name).steps.join(", ");
    return `${name}: ${entry[slot]?.release} into ${slot}, ${steps} % of the traffic; ${entry[entry.active]?.release} stays in ${entry.active}${share}`;
  });
  process.stderr.write([...nothing, ...lines].map((line) => `${line}\n`).join(""));
  if (lines.length === 0) return "nothing";
  if (yes || !process.stdin.isTTY || !process.stderr.isTTY) return "go on";
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`Release to ${project.config.environment}? [Y/n] `);
    if (/^(y|yes|)$/i.test(answer.trim())) return "go on";
  } finally {
    terminal.close();
  }
  throw new UserError({ what: "stopped: nothing was changed" });
}
