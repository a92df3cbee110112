import type { Release } from "../infra/config/schema/releases.ts";
import { Audience } from "./drill/audience.ts";
import { preflight, rehearsedState } from "./drill/checks.ts";
import { DrilledFile } from "./drill/file.ts";
import { Home } from "./drill/home.ts";
import { Rehearsal, type RehearsalParts } from "./drill/rehearsal.ts";
import { startGuard } from "./driver/guard.ts";
import { messageOf, untouched } from "./driver/guarded.ts";
import { note } from "./driver/report.ts";
import { Failed } from "./driver/run.ts";
import { Session, type Setting, takeLock } from "./driver/session.ts";
import type { ReleaseLock } from "./lock.ts";
import { takenBack } from "./model/states.ts";
import { ChangedMeanwhile, Project } from "./project.ts";
import type { RunEnd, RunRecord } from "./record.ts";

/**
 * Rehearses both ways back of a service while its users are there: the emergency one (one PATCH) and the planned one (the
 * stack file and `up`), each there and forward again, and records the times. Holds the release lock all the while, and
 * ends in the state it began in, also when it fails or is stopped, or when its process dies.
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
    session.status("preflight: what could stand in the way, pulumi preview included");
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
  const file = await DrilledFile.open(project, name);
  const guard = await startGuard(setting, { names: [name], before: file.before });
  try {
    const signal = AbortSignal.any([setting.signal, lock.lost, lock.asked]);
    const audience = await Audience.gather(project.service(name), project.config.gateway, signal);
    return await watched({ session, file, home: new Home(session, file), audience, back, signal }, lock);
  } finally {
    await guard.dismiss();
  }
}

/** Whatever happens from here on, users end on the release that they had. */
async function watched(parts: RehearsalParts, lock: ReleaseLock): Promise<RunEnd> {
  const { session, home, audience } = parts;
  const rehearsal = new Rehearsal(parts);
  try {
    await rehearsal.run();
    return { outcome: "succeeded" };
  } catch (error) {
    const cause = lock.asked.aborted ? lock.asked.reason : lock.lost.aborted ? lock.lost.reason : error;
    // Whoever asked, or wrote the entry, has moved the traffic in earnest.
    if (lock.asked.aborted || cause instanceof ChangedMeanwhile) return takenOver(cause);
    const lockAgain = lock.lost.aborted ? () => session.lockAtLast() : undefined;
    const failure = failureOf(cause, session.setting.signal);
    return await putBack(session, home, failure, rehearsal.engineMoved, lockAgain);
  } finally {
    audience.leave();
  }
}

/**
 * Puts back what a drill left that died: what its guard does.
 * @param before the stack file's text before the drill
 */
export async function endDrill(
  setting: Setting,
  name: string,
  before: string,
  reason: string,
): Promise<RunRecord> {
  const project = await Project.open(setting.place, setting.paths);
  const file = DrilledFile.resume(project, name, before);
  const back = takenBack(file.original) ?? file.original;
  const session = await Session.start(setting, project, "drill", { [name]: back });
  const lockAndTell = async () => {
    const lock = await session.lockAtLast();
    await session.announce();
    return lock;
  };
  return session.close(() =>
    putBack(session, new Home(session, file), new Failed("interrupted", reason), true, lockAndTell),
  );
}

/** @param lockAgain takes the lock, where it is not held any more */
async function putBack(
  session: Session,
  home: Home,
  { because: cause, message: reason }: Failed,
  engineMoved: boolean,
  lockAgain?: () => Promise<ReleaseLock>,
): Promise<RunEnd> {
  let lock: ReleaseLock | undefined;
  await session.add({ what: "going back", data: { cause, reason } });
  try {
    await home.putBack(engineMoved, async () => {
      lock = await lockAgain?.();
    });
    return { outcome: "rolled back", cause, reason };
  } catch (error) {
    if (error instanceof ChangedMeanwhile) return takenOver(error);
    const byHand = `give users theirs with: ${home.command}\nthen run pulumi up`;
    const stuck = `the state before the drill could not be put back: ${messageOf(error)}\n${byHand}`;
    await session.add(note(stuck));
    return { outcome: "failed", cause, reason: `${reason}\n${stuck}` };
  } finally {
    await lock?.release();
  }
}

function takenOver(error: unknown): RunEnd {
  return { outcome: "stopped", cause: "asked for", reason: messageOf(error) };
}

function failureOf(error: unknown, interrupted: AbortSignal): Failed {
  if (interrupted.aborted) return new Failed("interrupted", "stopped by Ctrl-C or SIGTERM");
  return error instanceof Failed ? error : new Failed("cluster", messageOf(error), { cause: error });
}
