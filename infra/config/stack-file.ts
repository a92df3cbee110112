import { isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from "yaml";
import { UserError } from "../lib/errors.ts";
import type { RawConfig } from "./parse.ts";

/**
 * Reads the text of a `Pulumi.<stack>.yaml` as the engine would, without the engine and without decrypting anything.
 * @throws UserError when it is not YAML, repeats a key, or has no `config`.
 */
export function readStackFile(text: string, file: string): RawConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    throw new UserError(
      document.errors.map(({ message, pos }) => ({
        where: `${file}:${lines.linePos(pos[0]).line}`,
        what: message.split("\n")[0]?.replace(/ at line .*$/, "") ?? "not YAML",
      })),
    );
  }
  const config = document.get("config");
  if (!isMap(config)) throw new UserError({ where: file, what: "has no map `config`" });

  const raw: Record<string, unknown> = config.toJS(document);
  const secrets = new Set(Object.keys(raw).filter((key) => holdsSecret(raw[key])));
  const values = Object.fromEntries(Object.entries(raw).filter(([key]) => !secrets.has(key)));
  const stack = /^Pulumi\.(.+)\.yaml$/.exec(file.split("/").at(-1) ?? "")?.[1] ?? file;
  return { file, stack, values, secrets, line: (path) => lineOf(config, path, lines) };
}

/** The engine marks a value as secret by a map with the one key `secure`, at any depth. */
function holdsSecret(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const keys = Object.keys(value);
  return (keys.length === 1 && keys[0] === "secure") || Object.values(value).some(holdsSecret);
}

/** The line of the deepest key of `path` that is in the file: a missing key is told at the map that lacks it. */
function lineOf(config: Node, path: readonly PropertyKey[], lines: LineCounter): number | undefined {
  let found: number | undefined;
  let node: unknown = config;
  for (const key of path) {
    const [at, next] = step(node, key);
    if (!isNode(at) || at.range == null) break;
    found = lines.linePos(at.range[0]).line;
    node = next;
  }
  return found;
}

/** The node that stands for `key` in the text, and the node of its value. */
function step(node: unknown, key: PropertyKey): [at: unknown, value: unknown] {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
    return [pair?.key, pair?.value];
  }
  const items = (node as { items?: readonly unknown[] } | undefined)?.items;
  const item = typeof key === "number" ? items?.[key] : undefined;
  return [item, item];
}
