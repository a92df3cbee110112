import { UserError } from "../../infra/lib/errors.ts";
import type { ReleaseLock } from "../lock.ts";
import { ChangedMeanwhile } from "../project.ts";
import type { RunEnd } from "../record.ts";
import { captureFailure, captureState } from "./capture.ts";
import { startGuard } from "./guard.ts";
import { note } from "./report.ts";
import { Failed, Run } from "./run.ts";
import { schemaNote } from "./schema.ts";
import type { Session } from "./session.ts";
import { holding, moveBack, onItsWay, record, type WayBack, wayBack } from "./take-back.ts";

/**
 * Does what changes a release, under a guard that outlives this process. Whatever happens from the first change on, users
 * end on one version.
 * @param names the services that it is about
 */
export async function guarded(
  session: Session,
  lock: ReleaseLock,
  names: readonly string[],
  work: (run: Run) => Promise<void>,
): Promise<RunEnd> {
  const { project, engine, prometheus, setting } = session;
  await session.add({ what: "state captured", data: await captureState(project, names) });
  const guard = await startGuard(setting, { names });
  const signal = AbortSignal.any([setting.signal, lock.lost, lock.asked]);
  try {
    await work(new Run({ project, engine, prometheus, report: session, signal }));
    return { outcome: "succeeded" };
  } catch (error) {
    // Whoever asked has moved the traffic already, or is about to.
    if (lock.asked.aborted)
      return { outcome: "stopped", cause: "asked for", reason: messageOf(lock.asked.reason) };
    const failure = failureOf(error, setting.signal);
    if (lock.lost.aborted) return await afterOthers(session, names, failure);
    return await takeBack(session, names, failure);
  } finally {
    await guard.dismiss();
  }
}

/** How a run ends that failed before it touched anything. Faults of Slipway's own are thrown on. */
export function untouched(error: unknown, { setting }: Session): RunEnd {
  if (setting.signal.aborted)
    return { outcome: "stopped", cause: "interrupted", reason: "before anything was changed" };
  if (error instanceof UserError) return { outcome: "failed", cause: "preflight", reason: error.message };
  throw error;
}

/**
 * A run that was cut off from the cluster has lost its lock. Whoever has it now comes first; what is on its way after
 * that, nobody else looks after.
 */
async function afterOthers(session: Session, names: readonly string[], failure: Failed): Promise<RunEnd> {
  const { because: cause, message: reason } = failure;
  await session.add(note(`${reason}; waits for the lock, to go back`));
  const lock = await session.lockAtLast();
  try {
    await session.project.reload();
    if (onItsWay(session.project, names).length === 0) return { outcome: "stopped", cause, reason };
    return await takeBack(session, names, failure);
  } finally {
    await lock.release();
  }
}

function failureOf(error: unknown, interrupted: AbortSignal): Failed {
  if (interrupted.aborted) return new Failed("interrupted", "stopped by Ctrl-C or SIGTERM");
  if (error instanceof Failed) return error;
  const cause = error instanceof ChangedMeanwhile ? "edited by hand" : "cluster";
  return new Failed(cause, messageOf(error), { cause: error });
}

async function takeBack(session: Session, names: readonly string[], failure: Failed): Promise<RunEnd> {
  const { because: cause, message: reason } = failure;
  const { project, engine } = session;
  // One that cannot be read just now says what it said last.
  await project.reload().catch(() => {});
  const unproven = onItsWay(project, names);
  // Before the first change, after the last, or somebody else was faster: there is nothing to take back.
  if (unproven.length === 0)
    return { outcome: failure.cause instanceof ChangedMeanwhile ? "stopped" : "failed", cause, reason };
  const way = { project, engine, report: session, signal: new AbortController().signal };
  await session.add({ what: "going back", data: { cause, reason } });
  try {
    await moveBack(way, wayBack(project, unproven));
  } catch (error) {
    const trouble = messageOf(error);
    await session.add(note(`could not go back: ${trouble}`));
    return { outcome: "failed", cause, reason: `${reason}\nand the way back failed: ${trouble}` };
  }
  await holding(way, unproven, () => recorded(session, way, unproven));
  return { outcome: "rolled back", cause, reason, ...(await schemaNote(project, unproven)) };
}

/** Users are back, whatever the engine says to it. */
async function recorded(session: Session, way: WayBack, names: readonly string[]): Promise<void> {
  try {
    await captureFailure(way.project, names, session);
    await record(way, names);
  } catch (error) {
    const again = `slipway release rollback ${names.join(" ")}`;
    await session.add(note(`the traffic is back; the engine has not recorded it: ${messageOf(error)}`));
    await session.add(note(`to have it recorded: ${again}`));
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
