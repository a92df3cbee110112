import { formatFault, UserError } from "../infra/lib/errors.ts";

/** The outcome of one check: `skip` means that it does not apply here, and why. */
export interface Finding {
  readonly status: "ok" | "warn" | "fail" | "skip";
  /** What was found, in one line. */
  readonly detail: string;
  /** What to do about it; given with `warn` and `fail`. */
  readonly remedy?: string;
}

/** One thing that must be right for Slipway to work. */
export interface Check {
  /** Area and subject: `tools`, `machine`, `stack file`, `cluster`, `github`. */
  readonly area: string;
  readonly title: string;
  run(): Promise<Finding>;
}

/** A check with its outcome, as `slipway doctor --json` prints it. */
export interface CheckResult extends Finding {
  readonly area: string;
  readonly title: string;
}

/** Runs all checks, side by side. A check that throws counts as failed, with its message and remedy. */
export async function runChecks(checks: readonly Check[]): Promise<CheckResult[]> {
  return Promise.all(
    checks.map(async ({ area, title, run }) => {
      try {
        return { area, title, ...(await run()) };
      } catch (error) {
        return { area, title, status: "fail" as const, ...explain(error) };
      }
    }),
  );
}

function explain(error: unknown): Pick<Finding, "detail" | "remedy"> {
  if (!(error instanceof UserError))
    return { detail: error instanceof Error ? error.message : String(error) };
  const remedy = error.faults.find((fault) => fault.remedy !== undefined)?.remedy;
  const detail = error.faults.map(({ remedy: _, ...fault }) => formatFault(fault)).join("; ");
  return { detail, ...(remedy === undefined ? {} : { remedy }) };
}
