import type { StackPlace } from "../../engine/stack.ts";
import type { Release } from "../../infra/config/schema/releases.ts";
import { UserError } from "../../infra/lib/errors.ts";
import type { Paths } from "../../machine/paths.ts";
import { type Order, planOrder } from "../../release/deploy.ts";
import { InProgress } from "../../release/model/plan.ts";
import { otherOf } from "../../release/model/states.ts";
import { Project } from "../../release/project.ts";
import { answeredYes, hasTerminal } from "./ask.ts";

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
  const plan = await outlook(project, order);
  process.stderr.write(plan.text.map((line) => `${line}\n`).join(""));
  if (!plan.work) return "nothing";
  if (yes || !hasTerminal()) return "go on";
  if (await answeredYes(`Release to ${project.config.environment}?`)) return "go on";
  throw new UserError({ what: "stopped: nothing was changed" });
}

/** What is to come, line by line, and whether there is anything to do. */
async function outlook(project: Project, order: Order): Promise<{ text: string[]; work: boolean }> {
  try {
    const { entries, nothing } = await planOrder(project, order);
    const lines = Object.entries(entries).map(([name, entry]) => lineOf(project, name, entry));
    return { text: [...nothing, ...lines], work: lines.length > 0 };
  } catch (error) {
    // Whether it is worth waiting for shows when the lock is asked.
    if (!(error instanceof InProgress)) throw error;
    return { text: error.faults.map(({ where, what }) => `${where}: ${what}`), work: true };
  }
}

function lineOf(project: Project, name: string, entry: Release): string {
  const slot = otherOf(entry);
  const share = entry.weight === 0 ? "" : `; goes on at ${entry.weight} %`;
  const steps = project.service(name).steps.join(", ");
  return `${name}: ${entry[slot]?.release} into ${slot}, ${steps} % of the traffic; ${entry[entry.active]?.release} stays in ${entry.active}${share}`;
}
