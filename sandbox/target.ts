import { UserError } from "../infra/lib/errors.ts";
import type { Step } from "../machine/steps.ts";
import { OWN_NODE, type Target } from "./home.ts";
import { contextSteps, kindSteps } from "./other-clusters.ts";
import { upSteps } from "./up.ts";

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
