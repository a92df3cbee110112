import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { destroy, openStack, type StackPlace } from "../../engine/stack.ts";
import { SECRET_PREFIX } from "../../infra/config/secrets.ts";
import { paths } from "../../machine/paths.ts";
import { writeWhole } from "../../machine/processes.ts";
import type { StepContext } from "../../machine/steps.ts";
import { machineFacts } from "../../sandbox/stack/facts.ts";
import { stackPlace } from "../../sandbox/stack/place.ts";
import { writeProject } from "../../sandbox/stack/project.ts";
import { demoImage } from "./images.ts";
import { type Edit, editStackValues, readStackValue } from "./stack-text.ts";

/** A context for work that nobody watches. */
export const unwatched: StepContext = { report: () => {}, signal: new AbortController().signal };

/** The stack that `npm start` brought up. */
export function sandboxStack(): Promise<Stack> {
  return openStack(paths(), stackPlace("sandbox"));
}

/**
 * Where the tests' own stack is: the same program, in namespaces of its own, beside the sandbox's. It runs the system
 * `shop` as well, which has two parts. Everything on its first release and without secrets, whatever an earlier run left
 * in the stack file.
 */
export async function e2ePlace(): Promise<StackPlace> {
  await writeProject(await machineFacts("e2e"));
  const place = stackPlace("e2e");
  const first = { phase: "steady", active: "blue", blue: { release: "r1", image: await demoImage("r1") } };
  const former = Object.keys((await readStackValue(place, [])) as object);
  await editStackValues(place, [
    ...former.filter((key) => key.startsWith(SECRET_PREFIX)).map((key): Edit => [[key], undefined]),
    ...SHOP.map((name): Edit => [["slipway:services", name], { hostnames: [shopHost(name)], replicas: 1 }]),
    [["slipway:releases"], Object.fromEntries(["demo", ...SHOP].map((name) => [name, first]))],
  ]);
  return place;
}

/** The parts of the system that only the tests' own stack runs. */
export const SHOP = ["shop-api", "shop-web"] as const;

/** Name under which the gateway serves a part of the shop. */
export function shopHost(name: (typeof SHOP)[number]): string {
  return `${name}.e2e.localhost`;
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
