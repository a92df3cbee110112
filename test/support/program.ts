import type { RawConfig } from "../../infra/config/parse.ts";
import slipway from "../../infra/index.ts";
import { canarySecrets } from "./config.ts";
import { type Run, runProgram } from "./engine.ts";

const runs = new Map<string, Promise<Run>>();

/** The whole program with a configuration, all its secrets set. Runs once for each configuration and mode. */
export function runStack(config: RawConfig, preview = false): Promise<Run> {
  const key = JSON.stringify([config.stack, config.values, preview]);
  const run = runs.get(key) ?? runProgram(slipway, { config, secrets: canarySecrets(config), preview });
  runs.set(key, run);
  return run;
}
