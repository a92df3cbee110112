import { Document, isMap, isScalar, type Node, Pair, parseDocument, Scalar, visit, type YAMLMap } from "yaml";
import type { Release } from "../infra/config/schema/releases.ts";

/**
 * The text of a stack file with other entries in `slipway:releases`. Everything else stays as it is, to the letter, and
 * so do the comments in an entry: what a reviewer sees of a step is what it changes.
 * @param entries by service; each has one in the file already
 */
export function withReleases(text: string, entries: Readonly<Record<string, Release>>): string {
  return Object.entries(entries).reduce(
    (changed, [service, entry]) => withRelease(changed, service, ordered(entry)),
    text,
  );
}

const KEYS = ["phase", "active", "weight", "gate", "override", "blue", "green"] as const;

/** An entry's keys in the order that people read them; without those that are not set. */
function ordered(entry: Release): Partial<Release> {
  return Object.fromEntries(KEYS.flatMap((key) => (entry[key] === undefined ? [] : [[key, entry[key]]])));
}

function withRelease(text: string, service: string, entry: Partial<Release>): string {
  const releases = parseDocument(text).getIn(["config", "slipway:releases"]);
  const { key, value } = pairOf(releases, service) ?? {};
  if (!isScalar(key) || value == null) throw new Error(`slipway:releases has no entry for ${service}`);
  const start = startOf(key);
  const indent = text.slice(text.lastIndexOf("\n", start) + 1, start);
  // Within braces every line counts; JSON is YAML there.
  if (indent.trim() !== "")
    return `${text.slice(0, start)}${service}: ${JSON.stringify(entry)}${text.slice(endOf(value))}`;
  const end = endOfLine(text, endOf(value));
  const lines = printed(service, merged(value, entry)).replaceAll(/\n(?=.)/g, `\n${indent}`);
  return text.slice(0, start) + withCommentsBehindKeys(lines, text.slice(start, end)) + text.slice(end);
}

/** Comments behind a key whose value is below it, where they were before: the library puts them onto the next line. */
function withCommentsBehindKeys(lines: string, before: string): string {
  const behind = new Map(
    Array.from(before.matchAll(/^ *((\S+:) +(#.*))$/gm), ([, whole, key, comment]) => [
      key + (comment ?? ""),
      whole,
    ]),
  );
  return lines.replaceAll(/^( *)(\S+:)\n *(#.*)$/gm, (both, space: string, key: string, comment: string) => {
    const whole = behind.get(key + comment);
    return whole === undefined ? both : space + whole;
  });
}

function pairOf(map: unknown, key: string): Pair<Node, Node> | undefined {
  if (!isMap<Node, Node>(map)) return undefined;
  return map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key);
}

function startOf({ range }: Node): number {
  return range?.[0] ?? 0;
}

/** Where a value ends, without the comments and empty lines behind it. */
function endOf(value: Node): number {
  const last = isMap<Node, Node>(value) && value.flow !== true ? value.items.at(-1)?.value : undefined;
  return last == null ? (value.range?.[1] ?? 0) : endOf(last);
}

function endOfLine(text: string, position: number): number {
  if (text[position - 1] === "\n") return position - 1;
  const end = text.indexOf("\n", position);
  return end < 0 ? text.length : end;
}

/** A node that holds `value`, made of the present one as far as that fits: comments stay with what they are about. */
function merged(node: Node | null | undefined, value: unknown): Node {
  if (isScalar(node) && node.value === value) return node;
  if (!isMap<Node, Node>(node) || typeof value !== "object" || value === null) {
    const next = created(value);
    if (isScalar(node) && isScalar(next)) next.comment = node.comment ?? null;
    return next;
  }
  const before = node.items;
  node.items = Object.entries(value).map(([key, item]) => {
    const pair = pairOf(node, key);
    const next = merged(pair?.value, item);
    return pair !== undefined && pair.value === next
      ? pair
      : new Pair<Node, Node>(pair?.key ?? created(key), next);
  });
  if (node.items.some((pair, index) => pair !== before[index])) node.flow = false;
  return node;
}

/** Texts that no reader of YAML takes for anything else; all others are quoted, as readers differ: `on`, `0b11`, `1_000`. */
const PLAIN = /^(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z]([\w./@:-]*\w)?$/i;

function created(value: unknown): Node {
  const node = new Document(value).contents as Node;
  visit(node, {
    Scalar: (_, scalar) => {
      if (typeof scalar.value === "string" && !PLAIN.test(scalar.value)) scalar.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return node;
}

/** `key: value` as YAML, without what stands behind the last value: that is not replaced. */
function printed(key: string, value: Node): string {
  for (let node: Node | null | undefined = value; isMap<Node, Node>(node) && node.flow !== true; ) {
    node.comment = null;
    node = (node as YAMLMap<Node, Node>).items.at(-1)?.value;
  }
  const document = new Document();
  document.contents = document.createNode({}) as never;
  (document.contents as unknown as YAMLMap).items.push(new Pair(new Scalar(key), value) as never);
  return document.toString({ lineWidth: 0, doubleQuotedAsJSON: true }).trimEnd();
}
