import type { Release } from "../infra/config/schema/releases.ts";
import { UserError } from "../infra/lib/errors.ts";
import { Audience } from "./drill/audience.ts";
import { preflight, rehearsedState } from "./drill/checks.ts";
import { DrilledFile, TakenOver } from "./drill/file.ts";
import { Rehearsal } from "./drill/rehearsal.ts";
import { note } from "./driver/report.ts";
import { Failed } from "./driver/run.ts";
import { Session, type Setting } from "./driver/session.ts";
import { doingOf, type Lease, leaseRef } from "./lease.ts";
import type { ReleaseLock } from "./lock.ts";
import { Project } from "./project.ts";
import type { RunEnd, RunRecord } from "./record.ts";

/**
 * Rehearses both ways back of a service while its users are there: the emergency one (one PATCH) and the planned one (the
 * stack file and `up`), each there and forward again, and records the times. Holds the release lock all the while, and
 * ends in the state it began in, also when it fails or is stopped.
 * @throws UserError when the service has nothing to go back to; nothing is changed then.
 */
export async function drill(setting: Setting, name: string): Promise<RunRecord> {
  const project = await Project.open(setting.place, setting.paths);
  const entries = { [name]: rehearsedState(project.service(name), project.services) };
  const session = await Session.start(setting, project, "drill", entries);
  return session.finish(await locked(session, name));
}

/** Whether a drill of one of these services goes on. */
export async function isDrilled(
  { cluster, config }: Pick<Project, "cluster" | "config">,
  names: readonly string[],
): Promise<boolean> {
  const lease = await cluster.get<Lease>(leaseRef(config.environment));
  const doing = lease === undefined ? undefined : doingOf(lease);
  return names.some((name) => doing?.startsWith(`drill ${name} `));
}

async function locked(session: Session, name: string): Promise<RunEnd> {
  const { project, setting } = session;
  let lock: ReleaseLock | undefined;
  try {
    lock = await session.lock(setting.signal);
    await project.reload();
    const back = rehearsedState(project.service(name), project.services);
    await session.announce();
    const results = await preflight(project, name, back, () => pendingChanges(session));
    await session.add({ what: "preflight", data: { results } });
    return await rehearsed(session, lock, name, back);
  } catch (error) {
    if (setting.signal.aborted)
      return { outcome: "stopped", cause: "interrupted", reason: "before anything was changed" };
    if (error instanceof UserError) return { outcome: "failed", cause: "preflight", reason: error.message };
    throw error;
  } finally {
    await lock?.release();
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
    // Whoever asked has moved the traffic already, in earnest.
    if (lock.asked.aborted) return takenOver(lock.asked.reason);
    return await putBack(session, rehearsal, lock, failureOf(error, setting.signal));
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
    if (error instanceof TakenOver) return takenOver(error);
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
