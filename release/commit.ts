import type { StackPlace } from "../engine/stack.ts";
import { run } from "../machine/run.ts";
import type { RunRecord } from "./record.ts";
import { chatLine } from "./summary.ts";

/** Commits the stack file, and nothing else, with what the run did as its message. */
export async function commitStackFile({ folder, stack }: StackPlace, record: RunRecord): Promise<void> {
  const file = `Pulumi.${stack}.yaml`;
  const remedy = "the stack file is changed but not committed: commit it by hand";
  const message = `${chatLine(record)}\n\nRun ${record.id}`;
  await run("git", ["-C", folder, "commit", "--quiet", "--message", message, "--", file], { remedy });
}
