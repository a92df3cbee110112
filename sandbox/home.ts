import { homedir } from "node:os";
import { join } from "node:path";
import { type Paths, paths as userPaths } from "../machine/paths.ts";
import { layout } from "./layout.ts";

/** Which cluster the sandbox's stack runs on: our own node, one that kind makes, or one that is there. */
export type Target =
  | { readonly cluster: "node" | "kind" }
  | { readonly cluster: "existing"; readonly context: string };

export const OWN_NODE: Target = { cluster: "node" };

/** Folder of the stack's project and state; that of an existing cluster outlives `slipway sandbox down`. */
export function stackHome(target: Target, paths: Paths = userPaths()): string {
  return target.cluster === "existing" ? join(paths.root, "clusters", target.context) : paths.sandbox;
}

/** The kubeconfig with the target's context. */
export function kubeconfigOf(target: Target, paths: Paths = userPaths()): string {
  if (target.cluster !== "existing") return layout(paths.sandbox).kubeconfig;
  return process.env.KUBECONFIG ?? join(homedir(), ".kube", "config");
}
