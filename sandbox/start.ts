import { type Paths, paths as userPaths } from "../machine/paths.ts";
import type { Step } from "../machine/steps.ts";
import { toolchainSteps } from "../toolchain/install.ts";
import type { Target } from "./home.ts";
import { stackSteps, type Urls } from "./stack/steps.ts";
import { clusterSteps } from "./target.ts";

/**
 * Everything from a machine with nothing to a served request: tools, cluster, `pulumi up`, first answers.
 * @param what the command, for whoever finds the sandbox locked.
 */
export async function startSteps(
  target: Target,
  what: string,
  onUrls: (urls: Urls) => void,
  paths: Paths = userPaths(),
): Promise<Step[]> {
  return [...(await sandboxUpSteps(target, what, paths)), ...stackSteps(target, onUrls, paths)];
}

/** The tools and the cluster, without anything on it. */
export async function sandboxUpSteps(
  target: Target,
  what: string,
  paths: Paths = userPaths(),
): Promise<Step[]> {
  return [...(await toolchainSteps({ paths })), ...clusterSteps(target, what)];
}
