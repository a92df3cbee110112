/** What a running step may do besides its work. */
export interface StepContext {
  /** Shows what the step is doing just now (one short line, replaces the former). */
  report(status: string): void;
  /** Aborted on Ctrl-C; pass it to every command and wait. */
  readonly signal: AbortSignal;
}

/**
 * One unit of work that a user sees as a line: title, progress, outcome.
 * `run` returns a short note for the finished line ("already there", "built in 4 min 12 s") or nothing.
 */
export interface Step {
  readonly title: string;
  run(context: StepContext): Promise<string | undefined>;
}
