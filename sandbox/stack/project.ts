import { randomBytes } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseDocument } from "yaml";
import { engineEnvironment } from "../../engine/environment.ts";
import type { StackPlace } from "../../engine/stack.ts";
import { type Paths, paths as userPaths } from "../../machine/paths.ts";
import { writeWhole } from "../../machine/processes.ts";
import { REPOSITORY } from "../../machine/repository.ts";
import { kubeconfigOf, OWN_NODE, stackHome, type Target } from "../target.ts";
import { type MachineFacts, stackFile } from "./settings.ts";

const TEMPLATE = join(REPOSITORY, "Pulumi.sandbox.yaml");

/** Files of the Pulumi project that the sandbox runs: the repository's program, with stack files of its own. */
function projectFiles(home: string) {
  return { folder: join(home, "project"), state: join(home, "state"), passphrase: join(home, "passphrase") };
}

/** Where the stack is and the environment that the engine needs for it. Pure: reads and makes nothing. */
export function stackPlace(
  stack = "sandbox",
  target: Target = OWN_NODE,
  paths: Paths = userPaths(),
): StackPlace {
  const { folder, state, passphrase } = projectFiles(stackHome(target, paths));
  const backend = { url: pathToFileURL(state).href, passphraseFile: passphrase };
  return { folder, stack, env: engineEnvironment(paths, backend, kubeconfigOf(target, paths)) };
}

/**
 * Writes the project folder: Pulumi.yaml with the repository's program, the stack's file, the passphrase.
 * What is there of an earlier start is kept; see {@link stackFile}.
 */
export async function writeProject(
  facts: MachineFacts,
  target: Target = OWN_NODE,
  paths: Paths = userPaths(),
): Promise<void> {
  const { folder, state, passphrase } = projectFiles(stackHome(target, paths));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await mkdir(state, { recursive: true, mode: 0o700 });
  if ((await textOf(passphrase)) === undefined) await writeWhole(passphrase, randomBytes(32).toString("hex"));
  const project = parseDocument(await readFile(join(REPOSITORY, "Pulumi.yaml"), "utf8"));
  project.set("main", REPOSITORY);
  await writeWhole(join(folder, "Pulumi.yaml"), project.toString());
  const file = join(folder, `Pulumi.${facts.environment}.yaml`);
  await writeWhole(file, stackFile(await readFile(TEMPLATE, "utf8"), facts, await textOf(file)));
}

async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch(() => undefined);
}
