import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Release } from "../../../infra/config/schema/releases.ts";
import { promoted, takenBack, withCandidate, withWeight } from "../../../release/model/states.ts";
import { withReleases } from "../../../release/stack-file.ts";
import type { StackName } from "../../support/config.ts";
import { anyRelease } from "../../support/releases.ts";

const FILE = `# Ours
config:
  slipway:environment: sandbox # where
  slipway:releases:
    # The demonstration
    demo: # ours
      phase: steady
      active: green # since Tuesday
      blue: { release: r1, image: "acme/demo:1" } # the first
      green: # today's
        # Since Tuesday
        release: r2 # the second
        image: acme/demo:2

    # Everything else
    api:
      phase: steady
      active: blue
      blue:
        release: r9
        image: acme/api:9
  slipway:cluster: { context: here }
encryptionsalt: v1:abc
`;

const demo: Release = {
  phase: "steady",
  active: "green",
  blue: { release: "r1", image: "acme/demo:1" },
  green: { release: "r2", image: "acme/demo:2" },
};

function entryIn(text: string, service = "demo"): unknown {
  return parse(text).config["slipway:releases"][service];
}

/** What is not set in an entry is not in the file. */
function written(entry: Release): unknown {
  return JSON.parse(JSON.stringify(entry));
}

/** Lines that only one of two texts has. */
function difference(before: string, after: string) {
  const [was, is] = [before, after].map((text) => text.split("\n"));
  return {
    gone: was?.filter((line) => !is?.includes(line)),
    come: is?.filter((line) => !was?.includes(line)),
  };
}

const LAYOUTS: Readonly<Record<string, string>> = {
  "block style": FILE,
  "an entry in braces": FILE.replace(
    / {4}demo: # ours[\s\S]*?\n\n/,
    "    demo: { phase: steady, active: blue }\n\n",
  ),
  "all entries in braces": `config:\n  slipway:releases: { demo: { phase: steady }, api: { phase: steady } }\n  other: 1\n`,
  "the last lines, without a line break": FILE.split("  slipway:cluster")[0]?.trimEnd() ?? "",
  "four spaces": FILE.replaceAll(/^ +/gm, "$&$&"),
};

describe.each(Object.entries(LAYOUTS))("any entry in a file of %s", (_, text) => {
  it("is read back as it was written, and everything else as it was", () => {
    fc.assert(
      fc.property(anyRelease, (entry) => {
        const changed = withReleases(text, { demo: entry });
        const expected = parse(text);
        expected.config["slipway:releases"].demo = written(entry);
        expect(parse(changed)).toEqual(expected);
      }),
    );
  });

  it("is written once: the same entry again changes nothing", () => {
    fc.assert(
      fc.property(anyRelease, (entry) => {
        const once = withReleases(text, { demo: entry });
        expect(withReleases(once, { demo: entry })).toBe(once);
      }),
    );
  });
});

describe("what a reviewer sees of a change", () => {
  const canary = withWeight(
    withCandidate({ ...demo, active: "blue" }, { release: "r3", image: "acme/demo:3" }, 5),
    5,
  );
  const inCanary = withReleases(FILE, { demo: canary });

  it("is nothing for an entry that is there already, to the letter", () => {
    expect(withReleases(FILE, { demo })).toBe(FILE);
  });

  it("is one line for a step", () => {
    expect(difference(inCanary, withReleases(inCanary, { demo: withWeight(canary, 25) }))).toEqual({
      gone: ["      weight: 5"],
      come: ["      weight: 25"],
    });
  });

  it("is the phase, the share and the slot for a promotion", () => {
    const done = withReleases(inCanary, { demo: promoted(withWeight(canary, 5)) });
    expect(difference(inCanary, done)).toEqual({
      gone: ["      phase: canary", "      active: blue # since Tuesday", "      weight: 5", "      gate: 5"],
      come: ["      active: green # since Tuesday"],
    });
  });

  it("is the phase and the slot for a way back", () => {
    expect(difference(FILE, withReleases(FILE, { demo: takenBack(demo) as Release }))).toEqual({
      gone: ["      active: green # since Tuesday"],
      come: ["      phase: rollback", "      active: blue # since Tuesday"],
    });
  });

  it("leaves comments with what they are about", () => {
    const changed = withReleases(FILE, { demo: { ...demo, green: { release: "r3", image: "acme/demo:3" } } });
    expect(changed).toContain("        release: r3 # the second\n");
    expect(changed).toContain('      blue: { release: r1, image: "acme/demo:1" } # the first\n');
    expect(changed).toContain("    # Everything else\n    api:");
  });

  it("has the keys in the order that people read them", () => {
    const { blue, green } = demo;
    const scrambled: Release = { green, blue, gate: 25, weight: 5, active: "blue", phase: "canary" };
    expect(Object.keys(entryIn(withReleases(FILE, { demo: scrambled })) as object)).toEqual([
      "phase",
      "active",
      "weight",
      "gate",
      "blue",
      "green",
    ]);
  });
});

it("changes several entries at once", () => {
  const api: Release = { phase: "rollback", active: "blue", blue: { release: "r9", image: "acme/api:9" } };
  const changed = withReleases(FILE, { demo: takenBack(demo) as Release, api });
  expect(entryIn(changed, "api")).toEqual(api);
  expect(entryIn(changed)).toMatchObject({ phase: "rollback", active: "blue" });
});

it.each([
  "on",
  "no",
  "0b11",
  "1_000",
  "12e3",
  "2026-11-21",
  "~",
  "",
  "null",
  " padded ",
  "a: b",
  "#x",
  "ünï",
  "multi\nline",
])("quotes %j, so that every reader of YAML takes it for a text", (value) => {
  const config = { VALUE: value };
  const changed = withReleases(FILE, {
    demo: { ...demo, green: { release: "r3", image: "acme/demo:3", config } },
  });
  expect(entryIn(changed)).toMatchObject({ green: { config } });
  expect(changed).toContain(`VALUE: ${JSON.stringify(value)}`);
});

it("knows no service that the file does not have", () => {
  expect(() => withReleases(FILE, { shop: demo })).toThrow("slipway:releases has no entry for shop");
});

it.each<[StackName, string]>([
  ["sandbox", "demo"],
  ["staging", "paws360-backend"],
  ["production", "paws360-backend"],
])("takes %s's own file forth and back without a trace but in the entry", (stack, service) => {
  const text = readFileSync(new URL(`../../../Pulumi.${stack}.yaml`, import.meta.url), "utf8");
  const before = entryIn(text, service) as Release;
  const forth = withReleases(text, {
    [service]: withCandidate(before, { release: "r99", image: "acme/x:99" }, 5),
  });
  expect(difference(text, forth).come?.join("\n")).toContain("weight: 0");
  expect(parse(withReleases(forth, { [service]: before }))).toEqual(parse(text));
});
