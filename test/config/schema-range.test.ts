import { describe, expect, test } from "vitest";
import { parse } from "../../infra/config/parse.ts";
import { stackRules } from "../../infra/stack.ts";
import { rawStack, withSecrets, withValue } from "../support/config.ts";
import { faultsOf } from "../support/faults.ts";

const AT = ["slipway:releases", "paws360-backend", "green", "schema"];
const WHERE = "Pulumi.staging.yaml: slipway:releases.paws360-backend.green.schema";

/** The faults of a stack whose candidate declares these versions of the schema. */
function faults(schema: unknown): string[] {
  const raw = withValue(withSecrets(rawStack("staging")), AT, schema);
  return faultsOf(() => parse({ ...raw, line: undefined }, stackRules));
}

test.each([
  { min: 13, max: 14 },
  { min: 12, max: 12 },
  { min: 0, max: 20 },
])("%o is a range", (schema) => {
  expect(faults(schema)).toEqual([]);
});

describe("a range of schemas is refused", () => {
  test.each<[string, unknown, string[]]>([
    ["upside down", { min: 14, max: 13 }, [`${WHERE}: min is above max`]],
    ["below zero", { min: -1, max: 14 }, [`${WHERE}.min: found -1\n  -> write at least 0`]],
    ["between two versions", { min: 12.5, max: 14 }, [`${WHERE}.min: found 12.5\n  -> write a whole number`]],
    ["without its end", { min: 12 }, [`${WHERE}.max: is missing\n  -> write a number`]],
    ["as text", { min: "12", max: 14 }, [`${WHERE}.min: found "12"\n  -> write a number`]],
    ["as one number", 12, [`${WHERE}: found 12\n  -> write a map of keys`]],
    [
      "with a word that is not known",
      { min: 12, max: 14, down: 11 },
      [`${WHERE}.down: unknown key "down"\n  -> known here: min, max`],
    ],
    [
      "that leaves out the active release's",
      { min: 15, max: 16 },
      [
        `${WHERE}: r42 works with schema 15..16, r41 with 12..14: none serves both\n  -> put a release between them that works with both`,
      ],
    ],
  ])("%s", (_, schema, expected) => {
    expect(faults(schema)).toEqual(expected);
  });
});
