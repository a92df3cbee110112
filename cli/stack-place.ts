import type { StackPlace } from "../engine/stack.ts";
import { paths } from "../machine/paths.ts";
import { REPOSITORY } from "../machine/repository.ts";
import { stackPlace } from "../sandbox/stack/place.ts";

/** Stacks that live in the sandbox: their files, state and cluster are this machine's. */
const OF_SANDBOX = ["sandbox", "e2e"];

/**
 * Where a stack is: the sandbox's in its own folder, all others in the repository, with the engine's settings (backend,
 * passphrase, kubeconfig) from the environment, as for `pulumi up`.
 */
export function placeOf(stack: string): StackPlace {
  if (OF_SANDBOX.includes(stack)) return stackPlace(stack);
  const { PATH = "", ...env } = process.env as Record<string, string>;
  return { folder: REPOSITORY, stack, env: { ...env, PATH: `${paths().bin}:${PATH}` } };
}
