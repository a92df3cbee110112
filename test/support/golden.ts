import { fileURLToPath } from "node:url";
import slipway from "../../infra/index.ts";
import { canarySecrets, rawStack } from "./config.ts";
import { idOf, type Recorded, runProgram } from "./engine.ts";
import { redact } from "./secrets.ts";

/** The stacks whose resolved resources are in git, so that a review shows what a change does to them. */
export const GOLDEN_STACKS = ["staging", "production"] as const;
export type GoldenStack = (typeof GOLDEN_STACKS)[number];

/** Where a stack's resolved resources are kept. */
export function goldenFile(stack: GoldenStack): string {
  return fileURLToPath(new URL(`../golden/${stack}.json`, import.meta.url));
}

/** A stack's resolved resources and outputs as text: sorted, secrets redacted. */
export async function goldenText(stack: GoldenStack): Promise<string> {
  const config = rawStack(stack);
  const { resources, outputs } = await runProgram(slipway, { config, secrets: canarySecrets(config) });
  const golden = {
    outputs: redact(outputs),
    resources: Object.fromEntries(resources.map((resource) => [idOf(resource), entry(resource)])),
  };
  return `${JSON.stringify(golden, null, 2)}\n`;
}

function entry({ parent, provider, protect, ignoreChanges, inputs }: Recorded) {
  return {
    parent,
    provider,
    ...(protect ? { protect } : {}),
    ...(ignoreChanges.length > 0 ? { ignoreChanges } : {}),
    inputs: redact(inputs),
  };
}
