import { formatFault, UserError } from "../../infra/lib/errors.ts";

/** The faults that some work ends with, as the user reads them; none when it succeeds. */
export function faultsOf(work: () => unknown): string[] {
  try {
    work();
    return [];
  } catch (error) {
    if (error instanceof UserError) return error.faults.map(formatFault);
    throw error;
  }
}
