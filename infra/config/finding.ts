import type { Config } from "./schema/stack.ts";

/** Something wrong at a place of the configuration; `parse` adds file and line and makes it a Fault. */
export interface Finding {
  /** Keys from the top: `["slipway:services", "demo", "replicas"]`. */
  readonly path: readonly PropertyKey[];
  readonly what: string;
  readonly remedy?: string;
}

/** The areas whose own shape is right, for rules that look across them. */
export interface Draft {
  readonly stack: string;
  readonly config: Partial<Config>;
  /** Names of the secrets that are set, without `slipway:secret-`. Never their values. */
  readonly secrets: ReadonlySet<string>;
}

/** A rule across areas. Every area of the program brings its own; see infra/stack.ts. */
export type Rule = (draft: Draft) => readonly Finding[];

/** `slipway:services.demo.hostnames[0]`: a path as people write it. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${String(key)}`))
    .join("");
}
