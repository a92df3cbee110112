import { isDeepStrictEqual } from "node:util";
import type { Release } from "../infra/config/schema/releases.ts";
import { UserError } from "../infra/lib/errors.ts";
import { askToStop } from "./driver/ask.ts";
import { guarded, untouched } from "./driver/guarded.ts";
import { note } from "./driver/report.ts";
import type { Run } from "./driver/run.ts";
import { Session, type Setting } from "./driver/session.ts";
import { onItsWay } from "./driver/take-back.ts";
import type { ReleaseLock } from "./lock.ts";
import { otherOf, promoted, withGate, withWeight } from "./model/states.ts";
import { type Entries, Project } from "./project.ts";
import type { RunEnd, RunRecord } from "./record.ts";

/**
 * Gives candidates all users now, without the steps and the watching that are left. Whoever drives them just now is asked
 * to stop. The smoke test stays, and a candidate that does not pass it is taken back.
 * @param reason why; production's rules ask for it
 * @throws UserError when no release is on its way
 */
export async function promote(
  setting: Setting,
  names: readonly string[],
  reason: string,
): Promise<RunRecord> {
  const project = await Project.open(setting.place, setting.paths);
  const entries = candidates(project, names);
  await project.check(tested(project, names, reason));
  const session = await Session.start(setting, project, "promote", entries);
  return session.close(() => locked(session, entries, reason));
}

async function locked(session: Session, entries: Entries, reason: string): Promise<RunEnd> {
  const { project, setting } = session;
  const names = Object.keys(entries);
  let lock: ReleaseLock | undefined;
  try {
    await askToStop(session, names);
    lock = await session.lock(setting.signal);
    await project.reload();
    requireSame(entries, candidates(project, names));
    await session.announce();
    await session.add(note(`promoted by hand: ${reason}`));
    return await guarded(session, lock, names, (run) => toAll(run, names, reason));
  } catch (error) {
    return untouched(error, session);
  } finally {
    await lock?.release();
  }
}

async function toAll(run: Run, names: readonly string[], reason: string): Promise<void> {
  const { project } = run;
  await run.save(tested(project, names, reason));
  await run.up("smoke test before 100 %");
  await run.save(changed(project, names, (release) => withWeight(release, 100)));
  await run.move(
    "100 % of the traffic",
    names.map((name) => project.service(name)),
  );
  await run.save(changed(project, names, promoted));
  await run.up("promote");
}

function tested(project: Project, names: readonly string[], reason: string): Entries {
  return changed(project, names, (release) => ({ ...withGate(release, 100), override: reason }));
}

/** @throws UserError for each service without a release on its way */
function candidates(project: Project, names: readonly string[]): Entries {
  const moving = onItsWay(project, names);
  const idle = names.filter((name) => !moving.includes(name));
  if (idle.length === 0) return changed(project, names, (release) => release);
  throw new UserError(
    idle.map((name) => ({ where: `slipway:releases.${name}`, what: "no release is on its way" })),
  );
}

/** Promoting is about the release that somebody has looked at, not about one that came after it. */
function requireSame(seen: Entries, found: Entries): void {
  const others = Object.entries(found).filter(
    ([name, entry]) => !isDeepStrictEqual(candidate(entry), candidate(seen[name] as Release)),
  );
  if (others.length === 0) return;
  throw new UserError(
    others.map(([name, entry]) => ({
      where: `slipway:releases.${name}`,
      what: `another release is on its way by now: ${candidate(entry)?.release}`,
    })),
  );
}

function candidate(entry: Release) {
  return entry[otherOf(entry)];
}

function changed(project: Project, names: readonly string[], by: (release: Release) => Release): Entries {
  return Object.fromEntries(names.map((name) => [name, by(project.service(name).release)]));
}
