import { UserError } from "../infra/lib/errors.ts";
import { askToStop } from "./driver/ask.ts";
import { captureFailure } from "./driver/capture.ts";
import { persist } from "./driver/persist.ts";
import { note } from "./driver/report.ts";
import { BeyondSchema, schemaNote } from "./driver/schema.ts";
import { Session, type Setting } from "./driver/session.ts";
import { holding, moveBack, record, type WayBack, wayBack } from "./driver/take-back.ts";
import type { ReleaseLock } from "./lock.ts";
import { type Entries, Project } from "./project.ts";
import type { RunEnd, RunRecord } from "./record.ts";

/**
 * All users of some services back on the version before: first the traffic, which takes half a second and waits for
 * nobody, then the lock (whoever releases just now is asked to stop), then the engine's record.
 * @returns with the outcome `failed` when nothing answers where users would go back to: they stay where they are
 * @throws UserError when there is nothing to go back to
 */
export async function rollback(
  setting: Setting,
  names: readonly string[],
  reason: string,
): Promise<RunRecord> {
  const project = await Project.open(setting.place, setting.paths);
  const entries = entriesBack(project, names);
  if (Object.keys(entries).length === 0) throw nothingBehind(project, names);
  const session = await Session.start(setting, project, "rollback", entries);
  return session.close(() => back(session, entries, reason));
}

/** Where a rollback of some services leads, as far as there is somewhere to go. */
export function entriesBack(project: Project, names: readonly string[]): Entries {
  return { ...unrecorded(project, names), ...wayBack(project, names) };
}

/** What an earlier way back moved, which the engine may not have recorded: asking for it again finishes it. */
function unrecorded(project: Project, names: readonly string[]): Entries {
  const found = names.filter((name) => project.service(name).release.phase === "rollback");
  return Object.fromEntries(
    found.map((name) => {
      // Without the mark of a drill: so it sees that this is in earnest.
      const { override: _, ...entry } = project.service(name).release;
      return [name, entry];
    }),
  );
}

async function back(session: Session, entries: Entries, reason: string): Promise<RunEnd> {
  const { project, engine, setting } = session;
  const way = { project, engine, report: session, signal: setting.signal };
  await session.add({ what: "going back", data: { cause: "asked for", reason } });
  try {
    await moveBack(way, entries);
  } catch (error) {
    if (setting.signal.aborted)
      return { outcome: "stopped", cause: "interrupted", reason: "before the traffic was moved" };
    if (!(error instanceof UserError)) throw error;
    const cause = error instanceof BeyondSchema ? "database" : "not ready";
    return { outcome: "failed", cause, reason: error.message };
  }
  return holding(way, Object.keys(entries), () => recorded(session, way, entries, reason));
}

async function recorded(session: Session, way: WayBack, entries: Entries, reason: string): Promise<RunEnd> {
  const { project, signal } = way;
  const names = Object.keys(entries);
  let lock: ReleaseLock | undefined;
  try {
    await persist(() => askToStop(session, names), session, signal);
    lock = await persist(() => session.lock(signal), session, signal);
    if ((await project.changed(names)).length > 0) return overtaken(names);
    await session.announce();
    await captureFailure(project, names, session);
    await record(way, names);
    return { outcome: "succeeded", cause: "asked for", reason, ...(await schemaNote(project, names)) };
  } catch (error) {
    if (!signal.aborted && !(error instanceof UserError)) throw error;
    await session.add(note("the traffic is back; the engine has not recorded it yet: run this again"));
    return signal.aborted
      ? { outcome: "stopped", cause: "interrupted", reason: "before the engine had recorded it" }
      : { outcome: "failed", cause: "engine", reason: (error as UserError).message };
  } finally {
    await lock?.release();
  }
}

/** Another run had the lock first, and has gone on from there. */
function overtaken(names: readonly string[]): RunEnd {
  const reason = `the traffic was moved; by now another run has changed the stack file's entry of ${names.join(", ")}`;
  return { outcome: "stopped", cause: "edited by hand", reason };
}

function nothingBehind(project: Project, names: readonly string[]): UserError {
  return new UserError(
    names.map((name) => {
      const { release } = project.service(name);
      return {
        where: `slipway:releases.${name}`,
        what: `${release[release.active]?.release} has no release behind it to go back to`,
        remedy: `deploy the version that you want: slipway release deploy ${name} --image …`,
      };
    }),
  );
}
