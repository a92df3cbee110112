import { Listr, ListrLogger, PRESET_TIMER, ProcessOutput } from "listr2";
import type { Step } from "../../machine/steps.ts";

/** Without a terminal a running step says at most this often what it does. */
const QUIET_MS = 15_000;

/**
 * Runs steps one after the other and shows each as a line on stderr: a spinner with status on a terminal,
 * plain lines elsewhere. Stops at the first step that fails, with its error.
 */
export async function runSteps(steps: readonly Step[], signal: AbortSignal): Promise<void> {
  const logger = new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr) });
  const terminal = process.stderr.isTTY === true;
  const list = new Listr<object, "default" | "simple">(
    steps.map((step) => ({
      title: step.title,
      task: async (_context, task) => {
        signal.throwIfAborted();
        const report = terminal ? say : seldom(say);
        function say(status: string) {
          task.output = status;
        }
        const note = await step.run({ report, signal });
        if (note !== undefined) task.title = `${step.title}: ${note}`;
      },
    })),
    {
      registerSignalListeners: false,
      renderer: terminal ? "default" : "simple",
      rendererOptions: { logger, timer: PRESET_TIMER, collapseErrors: false, showErrorMessage: false },
    },
  );
  await list.run();
}

function seldom(say: (status: string) => void): (status: string) => void {
  let last = Date.now();
  return (status) => {
    if (Date.now() - last < QUIET_MS) return;
    last = Date.now();
    say(status);
  };
}
