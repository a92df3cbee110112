import type { Release } from "../infra/config/schema/releases.ts";
import { Audience } from "./drill/audience.ts";
import { preflight, rehearsedState } from "./drill/checks.ts";
import { DrilledFile } from "./drill/file.ts";
import { Rehearsal } from "./drill/rehearsal.ts";
import { messageOf, untouched } from "./driver/guarded.ts";
import { note } from "./driver/report.ts";
import { Failed } from "./driver/run.ts";
import { Session, type Setting, takeLock } from "./driver/session.ts";
import type { ReleaseLock } from "./lock.ts";
import { ChangedMeanwhile, Project } from "./project.ts";
import type { RunEnd, RunRecord } from "./record.ts";

/**
 * Rehearses both ways back of a service while its users are there: the emergency one (one PATCH) and the planned one (the
 * stack file and `up`), each there and forward again, and records the times. Holds the release lock all the while, and
 * ends in the state it began in, also when it fails or is stopped.
 * @throws UserError when the service has nothing to go back to; nothing is changed then.
 */
export async function drill(setting: Setting, name: string): Promise<RunRecord> {
  const project = await Project.open(setting.place, setting.paths);
  const lock = await takeLock(setting, project, `drill ${name} ${former(stateOf(project, name))}`);
  try {
    // Whoever had the lock before may have changed where there is to go.
    await project.reload();
    const back = stateOf(project, name);
    const session = await Session.start(setting, project, "drill", { [name]: back });
    return await session.close(() => locked(session, lock, name, back));
  } finally {
    await lock.release();
  }
}

function stateOf(project: Project, name: string): Release {
  return rehearsedState(project.service(name), project.services);
}

function former(back: Release): string | undefined {
  return back[back.active]?.release;
}

async function locked(session: Session, lock: ReleaseLock, name: string, back: Release): Promise<RunEnd> {
  const { project } = session;
  try {
    if (lock.takenOver !== undefined) await session.add(note(`took over the lock of ${lock.takenOver}`));
    await session.announce();
    const results = await preflight(project, name, back, () => pendingChanges(session));
    await session.add({ what: "preflight", data: { results } });
    return await rehearsed(session, lock, name, back);
  } catch (error) {
    return untouched(error, session);
  } finally {
    // Before everybody is told how it ended: the next in the queue need not wait for that.
    await lock.release();
  }
}

async function pendingChanges(session: Session): Promise<Readonly<Record<string, number>>> {
  const { openStack, preview } = await import("../engine/stack.ts");
  const { paths, place, signal } = session.setting;
  const stack = await openStack(paths, place);
  return preview(stack, { signal, report: (status) => session.status(`preview: ${status}`) });
}

async function rehearsed(session: Session, lock: ReleaseLock, name: string, back: Release): Promise<RunEnd> {
  const { project, setting } = session;
  const signal = AbortSignal.any([setting.signal, lock.lost, lock.asked]);
  const file = await DrilledFile.open(project, name);
  const audience = await Audience.gather(project.service(name), project.config.gateway, signal);
  const rehearsal = new Rehearsal({ session, file, audience, back, signal });
  try {
    await rehearsal.run();
    return { outcome: "succeeded" };
  } catch (error) {
    const cause = lock.asked.aborted ? lock.asked.reason : lock.lost.aborted ? lock.lost.reason : error;
    // Whoever asked, or wrote the entry, has moved the traffic in earnest.
    if (lock.asked.aborted || cause instanceof ChangedMeanwhile) return takenOver(cause);
    return await putBack(session, rehearsal, lock, failureOf(cause, setting.signal));
  } finally {
    audience.leave();
  }
}

async function putBack(
  session: Session,
  rehearsal: Rehearsal,
  lock: ReleaseLock,
  { because: cause, message: reason }: Failed,
): Promise<RunEnd> {
  let again: ReleaseLock | undefined;
  await session.add({ what: "going back", data: { cause, reason } });
  try {
    await rehearsal.putBack(async () => {
      if (lock.lost.aborted) again = await session.lockAtLast();
    });
    return { outcome: "rolled back", cause, reason };
  } catch (error) {
    if (error instanceof ChangedMeanwhile) return takenOver(error);
    const stuck = `the state before the drill could not be put back: ${messageOf(error)}\n${rehearsal.byHand}`;
    await session.add(note(stuck));
    return { outcome: "failed", cause, reason: `${reason}\n${stuck}` };
  } finally {
    await again?.release();
  }
}

function takenOver(error: unknown): RunEnd {
  return { outcome: "stopped", cause: "asked for", reason: messageOf(error) };
}

function failureOf(error: unknown, interrupted: AbortSignal): Failed {
  if (interrupted.aborted) return new Failed("interrupted", "stopped by Ctrl-C or SIGTERM");
  return error instanceof Failed ? error : new Failed("cluster", messageOf(error), { cause: error });
}
