import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** The folder of the project: Pulumi.yaml, the stack files, package.json. */
export const REPOSITORY = join(import.meta.dirname, "..");

const STACK_FILE = /^Pulumi\.(.+)\.yaml$/;

/** The file of a stack, below {@link REPOSITORY}. */
export function stackFileName(stack: string): string {
  return `Pulumi.${stack}.yaml`;
}

/** Names of the stacks that have a file in the repository, sorted. */
export async function stackNames(): Promise<string[]> {
  const files = await readdir(REPOSITORY);
  return files.flatMap((file) => STACK_FILE.exec(file)?.[1] ?? []).sort();
}
