import { writeFileSync } from "node:fs";
import { GOLDEN_STACKS, goldenFile, goldenText } from "../support/golden.ts";

for (const stack of GOLDEN_STACKS) {
  writeFileSync(goldenFile(stack), await goldenText(stack));
  console.log(`test/golden/${stack}.json written`);
}
