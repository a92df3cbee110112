import type { Finding } from "../../machine/check.ts";

/**
 * Whether a runner that may deploy to this environment is healthy: the primary one, else the secondary. A fault names
 * what is wrong with each and what to do.
 */
export interface RunnerGate {
  check(): Promise<Finding>;
}

/** For stacks that declare no runners. */
export const noRunners: RunnerGate = {
  check: async () => ({ status: "skip", detail: "the stack declares no runners" }),
};
