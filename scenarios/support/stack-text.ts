import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, parseDocument } from "yaml";
import type { StackPlace } from "../../engine/stack.ts";
import { writeWhole } from "../../machine/processes.ts";

/** Path of a value in a stack file, below `config`, and the value; undefined removes it. */
export type Edit = readonly [path: readonly string[], value: unknown];

/** The stack file of a place. */
export function stackFileOf({ folder, stack }: StackPlace): string {
  return join(folder, `Pulumi.${stack}.yaml`);
}

/** The value at a path of a stack file, below `config`. */
export async function readStackValue(place: StackPlace, path: readonly string[]): Promise<unknown> {
  const file: unknown = parse(await readFile(stackFileOf(place), "utf8"));
  return ["config", ...path].reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], file);
}

/**
 * Changes values of a stack file, whole or not at all.
 * @returns puts the file back as it was
 */
export async function editStackValues(
  place: StackPlace,
  edits: readonly Edit[],
): Promise<() => Promise<void>> {
  const file = stackFileOf(place);
  const before = await readFile(file, "utf8");
  const document = parseDocument(before);
  for (const [path, value] of edits) {
    const whole = ["config", ...path];
    if (value === undefined) document.deleteIn(whole);
    else document.setIn(whole, document.createNode(value));
  }
  await writeWhole(file, document.toString({ lineWidth: 0 }));
  return () => writeWhole(file, before);
}
