import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { GOLDEN_STACKS, goldenFile, goldenText } from "../support/golden.ts";

test.each(GOLDEN_STACKS)("the resources of %s are those in git", async (stack) => {
  const expected = readFileSync(goldenFile(stack), "utf8");
  const actual = await goldenText(stack);
  expect(
    actual,
    `${stack} would change. If that is what you want: npm run golden, and commit test/golden/${stack}.json with your change`,
  ).toBe(expected);
});
