import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { engineEnvironment } from "../../engine/environment.ts";
import type { StackPlace } from "../../engine/stack.ts";
import { type Paths, paths as userPaths } from "../../machine/paths.ts";
import { kubeconfigOf, OWN_NODE, stackHome, type Target } from "../home.ts";

/** Files of the Pulumi project that the sandbox runs: the repository's program, with stack files of its own. */
export function projectFiles(home: string) {
  return { folder: join(home, "project"), state: join(home, "state"), passphrase: join(home, "passphrase") };
}

/** Where the stack is and the environment that the engine needs for it. Pure: reads and makes nothing. */
export function stackPlace(
  stack = "sandbox",
  target: Target = OWN_NODE,
  paths: Paths = userPaths(),
): StackPlace {
  const { folder, state, passphrase } = projectFiles(stackHome(target, paths));
  const backend = { url: pathToFileURL(state).href, passphraseFile: passphrase };
  return { folder, stack, env: engineEnvironment(paths, backend, kubeconfigOf(target, paths)) };
}
