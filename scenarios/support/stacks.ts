import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { destroy, openStack, type StackPlace } from "../../engine/stack.ts";
import { paths } from "../../machine/paths.ts";
import { writeWhole } from "../../machine/processes.ts";
import type { StepContext } from "../../machine/steps.ts";
import { machineFacts } from "../../sandbox/stack/facts.ts";
import { stackPlace } from "../../sandbox/stack/place.ts";
import { writeProject } from "../../sandbox/stack/project.ts";

/** A context for work that nobody watches. */
export const unwatched: StepContext = { report: () => {}, signal: new AbortController().signal };

/** The stack that `npm start` brought up. */
export function sandboxStack(): Promise<Stack> {
  return openStack(paths(), stackPlace("sandbox"));
}

/** Where the tests' own stack is: the same program, in namespaces of its own, beside the sandbox's. */
export async function e2ePlace(): Promise<StackPlace> {
  await writeProject(await machineFacts("e2e"));
  return stackPlace("e2e");
}

/** The tests' own stack, made where it is missing. */
export async function e2eStack(): Promise<Stack> {
  return openStack(paths(), await e2ePlace());
}

/** Removes the tests' own stack and all that it made. */
export async function removeE2eStack(): Promise<void> {
  await destroy(await e2eStack(), unwatched);
}

/**
 * Changes the stack file of a place by replacing one text by another.
 * @returns puts the file back as it was.
 */
export async function editStackFile(
  place: StackPlace,
  from: string,
  to: string,
): Promise<() => Promise<void>> {
  const file = join(place.folder, `Pulumi.${place.stack}.yaml`);
  const before = await readFile(file, "utf8");
  if (!before.includes(from)) throw new Error(`${file} does not contain "${from}"`);
  await writeWhole(file, before.replace(from, to));
  return () => writeWhole(file, before);
}
