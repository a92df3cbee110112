import { parseDocument, YAMLMap } from "yaml";
import type { Release } from "../infra/config/schema/releases.ts";

/**
 * The text of a stack file with other entries in `slipway:releases`. Comments and everything else stay as they are.
 * @param entries by service
 */
export function withReleases(text: string, entries: Readonly<Record<string, Release>>): string {
  const document = parseDocument(text);
  for (const [service, entry] of Object.entries(entries)) {
    const node = document.createNode(ordered(entry));
    if (node instanceof YAMLMap) node.flow = false;
    document.setIn(["config", "slipway:releases", service], node);
  }
  return document.toString({ lineWidth: 0 });
}

const KEYS = ["phase", "active", "weight", "gate", "override", "blue", "green"] as const;

/** An entry's keys in the order that people read them; without those that are not set. */
function ordered(entry: Release): Partial<Release> {
  return Object.fromEntries(KEYS.flatMap((key) => (entry[key] === undefined ? [] : [[key, entry[key]]])));
}
