import { describe, expect, test } from "vitest";
import { MIGRATIONS, type Migration } from "../../../sandbox/demo/migrations.ts";
import { nextMigration, Refused } from "../../../sandbox/demo/schema.ts";

const known: Migration[] = [1, 2, 3].map((version) => ({
  version,
  title: `step ${version}`,
  statements: "SELECT 1",
}));

describe("the next step", () => {
  test.each([
    [0, { min: 1, max: 2 }, 1],
    [0, { min: 3, max: 3 }, 1],
    [1, { min: 2, max: 3 }, 2],
    [2, { min: 3, max: 9 }, 3],
  ])("from %i to %o is %i", (found, wanted, version) => {
    expect(nextMigration(found, wanted, known)?.version).toBe(version);
  });

  test.each([
    [0, { min: 0, max: 0 }],
    [1, { min: 0, max: 3 }],
    [2, { min: 2, max: 3 }],
    [3, { min: 2, max: 3 }],
    [7, { min: 2, max: 8 }],
  ])("from %i to %o is none: it goes no further than it must", (found, wanted) => {
    expect(nextMigration(found, wanted, known)).toBeUndefined();
  });

  test("a database above the range is refused, with the version, the range and what to do", () => {
    expect(() => nextMigration(4, { min: 2, max: 3 }, known)).toThrow(
      new Refused(
        "found schema 4, the release works with 2..3; nothing was changed; release a version that works with schema 4",
      ),
    );
  });

  test("an image whose steps end too early is refused before its first one", () => {
    expect(() => nextMigration(0, { min: 4, max: 5 }, known)).toThrow(
      new Refused(
        "found schema 0, the release works with 4..5; nothing was changed; the image's migrations end at 3: build it with those up to 4, or correct the release's schema range",
      ),
    );
  });
});

test("the image's own steps are numbered from 1 without a gap", () => {
  expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, index) => index + 1));
});
