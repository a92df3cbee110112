import { homedir } from "node:os";
import { join } from "node:path";
import { UserError } from "../infra/lib/errors.ts";
import { type Paths, paths as userPaths } from "../machine/paths.ts";
import type { Step } from "../machine/steps.ts";
import { layout } from "./layout.ts";
import { contextSteps, kindSteps } from "./other-clusters.ts";
import { upSteps } from "./up.ts";

/** Which cluster the sandbox's stack runs on: our own node, one that kind makes, or one that is there. */
export type Target =
  | { readonly cluster: "node" | "kind" }
  | { readonly cluster: "existing"; readonly context: string };

export const OWN_NODE: Target = { cluster: "node" };

/** The target that a user chose on the command line. Throws when the choices contradict each other. */
export function chooseTarget({
  context,
  kind = false,
}: {
  readonly context?: string;
  readonly kind?: boolean;
}): Target {
  if (context !== undefined && kind) {
    throw new UserError({ what: "--context and --kind exclude each other", remedy: "give one of them" });
  }
  if (context !== undefined) return { cluster: "existing", context };
  return kind ? { cluster: "kind" } : OWN_NODE;
}

/** The steps that make the target ready; nothing is changed in an existing cluster. */
export function clusterSteps(target: Target, what: string): Step[] {
  if (target.cluster === "existing") return contextSteps(target.context);
  return target.cluster === "kind" ? kindSteps(what) : upSteps(what);
}

/** Folder of the stack's project and state; that of an existing cluster outlives `slipway sandbox down`. */
export function stackHome(target: Target, paths: Paths = userPaths()): string {
  return target.cluster === "existing" ? join(paths.root, "clusters", target.context) : paths.sandbox;
}

/** The kubeconfig with the target's context. */
export function kubeconfigOf(target: Target, paths: Paths = userPaths()): string {
  if (target.cluster !== "existing") return layout(paths.sandbox).kubeconfig;
  return process.env.KUBECONFIG ?? join(homedir(), ".kube", "config");
}
