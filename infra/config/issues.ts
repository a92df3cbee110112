import type { z } from "zod";
import { suggest } from "../lib/nearest.ts";
import type { Finding } from "./finding.ts";

type Schema = z.core.$ZodType;
type Issue = z.core.$ZodIssue;

const EXPECTED: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  int: "a whole number",
  number: "a number",
  object: "a map of keys",
  record: "a map of keys",
  string: "text",
};

/**
 * Says what zod found in the words of someone who edits a stack file.
 * @param at path of `schema` itself, put before the issues' own paths
 * @param issues parsed with `reportInput`, so that the value can be shown
 */
export function findingsOf(at: readonly PropertyKey[], schema: Schema, issues: readonly Issue[]): Finding[] {
  return issues.flatMap((issue) => {
    const path = [...at, ...issue.path];
    if (issue.code === "unrecognized_keys") {
      const known = keysAt(schema, issue.path);
      return issue.keys.map((key) => ({
        path: [...path, key],
        what: `unknown key "${key}"`,
        remedy: suggest(key, known),
      }));
    }
    return [{ path, ...describe(issue, keysAt(schema, issue.path)) }];
  });
}

/** @param keys what an object at the issue's place consists of; empty for anything else */
function describe(issue: Issue, keys: readonly string[]): Omit<Finding, "path"> {
  if (issue.input === undefined && issue.code !== "invalid_key") {
    return { what: "is missing", remedy: keys.length > 0 ? `give it: ${keys.join(", ")}` : wanted(issue) };
  }
  switch (issue.code) {
    case "custom":
      return { what: issue.message, remedy: issue.params?.remedy };
    case "invalid_key":
      return {
        what: `the name "${String(issue.path.at(-1))}" cannot be used`,
        remedy: issue.issues[0]?.message,
      };
    case "invalid_value":
      return {
        what: `found ${show(issue.input)}`,
        remedy: suggest(String(issue.input), issue.values.map(String)),
      };
    default:
      return { what: `found ${show(issue.input)}`, remedy: wanted(issue) };
  }
}

function wanted(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `write ${EXPECTED[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `write one of ${issue.values.join(", ")}`;
    case "too_small":
      return issue.origin === "array" ? `list at least ${issue.minimum}` : `write at least ${issue.minimum}`;
    case "too_big":
      return `write at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

/** The keys that the object schema at `path` knows. */
function keysAt(schema: Schema, path: readonly PropertyKey[]): string[] {
  const found = unwrap(path.reduce<Schema>((outer, key) => child(unwrap(outer), key), schema));
  return isObject(found) ? Object.keys(found._zod.def.shape) : [];
}

function child(schema: Schema, key: PropertyKey): Schema {
  if (isObject(schema)) return schema._zod.def.shape[String(key)] ?? schema;
  const { valueType, element } = schema._zod.def as { valueType?: Schema; element?: Schema };
  return valueType ?? element ?? schema;
}

function unwrap(schema: Schema): Schema {
  const { innerType } = schema._zod.def as { innerType?: Schema };
  return innerType === undefined ? schema : unwrap(innerType);
}

function isObject(schema: Schema): schema is z.core.$ZodObject {
  return schema._zod.def.type === "object";
}
