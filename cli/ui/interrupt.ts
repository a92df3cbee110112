import { EXIT } from "./output.ts";

/**
 * Runs work that Ctrl-C or SIGTERM stops: the first signal aborts it and waits until it has tidied up,
 * the second ends the process at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    process.stderr.write("\nStopping; a second Ctrl-C ends at once ...\n");
    controller.abort(new Interrupted());
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) throw new Interrupted({ cause: error });
    throw error;
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}

/** The user stopped the work; running the same command again goes on from there. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  constructor(options?: ErrorOptions) {
    super("stopped", options);
  }
}
