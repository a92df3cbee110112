import { randomBytes } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { type Paths, paths as userPaths } from "../../machine/paths.ts";
import { writeWhole } from "../../machine/processes.ts";
import { REPOSITORY } from "../../machine/repository.ts";
import { OWN_NODE, stackHome, type Target } from "../home.ts";
import { projectFiles } from "./place.ts";
import { type MachineFacts, stackFile } from "./settings.ts";

const TEMPLATE = join(REPOSITORY, "Pulumi.sandbox.yaml");

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
