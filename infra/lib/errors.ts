/** Where a fault lies and how to mend it; see {@link UserError}. */
export interface Fault {
  /** What is wrong, in one sentence. Never contains a secret. */
  readonly what: string;
  /** File and key, command, host or address where it is wrong. */
  readonly where?: string;
  /** What the user can do about it. */
  readonly remedy?: string;
}

/**
 * A fault that the user can mend: bad config, a missing tool, an unreachable host.
 * Printed without a stack trace; any other Error is a programming fault and keeps its trace.
 */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly faults: readonly Fault[];

  /** @param faults one or more faults, all shown at once. */
  constructor(faults: Fault | readonly Fault[], options?: ErrorOptions) {
    const list = Array.isArray(faults) ? (faults as readonly Fault[]) : [faults as Fault];
    super(list.map(formatFault).join("\n"), options);
    this.faults = list;
  }
}

/** One fault as text: `where: what`, and the remedy on a line of its own. */
export function formatFault({ what, where, remedy }: Fault): string {
  const head = where === undefined ? what : `${where}: ${what}`;
  return remedy === undefined ? head : `${head}\n  -> ${remedy}`;
}
