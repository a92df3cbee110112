import { runChecks } from "../machine/check.ts";
import { guarded, untouched } from "./driver/guarded.ts";
import { note } from "./driver/report.ts";
import { QUEUE_MS, Session, type Setting, subjectOf, takeLock } from "./driver/session.ts";
import { stepThrough } from "./driver/steps.ts";
import { awaitOthers, type ReleaseLock } from "./lock.ts";
import { InProgress, planDeploy, type Wanted } from "./model/plan.ts";
import { otherOf } from "./model/states.ts";
import { preflightChecks, requirePassed } from "./preflight/preflight.ts";
import { noRunners } from "./preflight/runners.ts";
import { type Entries, Project } from "./project.ts";
import type { RunEnd, RunRecord } from "./record.ts";
import { askSchema } from "./schema.ts";

/** What each service is to run, by its name. */
export type Order = ReadonlyMap<string, Wanted>;

/** What a deploy would do. */
export interface DeployPlan {
  /** Entries of `slipway:releases` to begin with; empty when there is nothing to do. */
  readonly entries: Entries;
  /** Why services are left alone. */
  readonly nothing: readonly string[];
}

/**
 * What an order means in the state that the stack file has.
 * @throws UserError when the stack file would be wrong with it, or another release is on its way
 */
export async function planOrder(project: Project, order: Order): Promise<DeployPlan> {
  const intents = [...order].map(
    ([name, wanted]) => [name, planDeploy(project.service(name), wanted)] as const,
  );
  const entries = Object.fromEntries(
    intents.flatMap(([name, intent]) => (intent.kind === "nothing" ? [] : [[name, intent.entry]])),
  );
  await project.check(entries);
  return {
    entries,
    nothing: intents.flatMap(([, intent]) => (intent.kind === "nothing" ? [intent.why] : [])),
  };
}

/**
 * Brings releases to all users step by step, or takes them back: at a verdict that is not "pass", at Ctrl-C, or when
 * this process dies.
 * @returns undefined when there was nothing to do
 */
export async function deploy(setting: Setting, order: Order): Promise<RunRecord | undefined> {
  const project = await Project.open(setting.place, setting.paths);
  const { entries } = await planInTurn(setting, project, order);
  if (Object.keys(entries).length === 0) return undefined;
  const lock = await takeLock(setting, project, `deploy ${titleOf(project, entries)}`);
  try {
    return await inTurn(setting, project, order, lock);
  } finally {
    await lock.release();
  }
}

/** Whoever had the lock before may have changed what there is to do. */
async function inTurn(
  setting: Setting,
  project: Project,
  order: Order,
  lock: ReleaseLock,
): Promise<RunRecord | undefined> {
  await project.reload();
  const { entries, nothing } = await planOrder(project, order);
  if (Object.keys(entries).length === 0) {
    setting.display.happened(note(nothing.join("; ")));
    return undefined;
  }
  const session = await Session.start(setting, project, "deploy", entries);
  return session.close(() => locked(session, lock, entries));
}

/** `demo r7` */
function titleOf(project: Project, entries: Entries): string {
  const [first] = Object.values(entries);
  const release = first?.[otherOf(first)]?.release;
  return [subjectOf(project, Object.keys(entries)), release].join(" ");
}

/** Another release on its way is waited for, as long as somebody drives it. */
async function planInTurn({ display, signal }: Setting, project: Project, order: Order): Promise<DeployPlan> {
  for (let driven = true; ; ) {
    try {
      return await planOrder(project, order);
    } catch (error) {
      if (!(error instanceof InProgress) || !driven) throw error;
      driven = await awaitOthers(project.cluster, project.config.environment, {
        signal,
        timeoutMs: QUEUE_MS,
        onWait: (text) => display.happened(note(text)),
      });
      // Where nobody drives it, it may have ended since the file was read.
      await project.reload();
    }
  }
}

async function locked(session: Session, lock: ReleaseLock, entries: Entries): Promise<RunEnd> {
  try {
    if (lock.takenOver !== undefined) await session.add(note(`took over the lock of ${lock.takenOver}`));
    await session.announce();
    await preflight(session, entries);
    return await guarded(session, lock, Object.keys(entries), (run) => stepThrough(run, entries));
  } catch (error) {
    return untouched(error, session);
  } finally {
    // Before everybody is told how it ended: the next in the queue need not wait for that.
    await lock.release();
  }
}

async function preflight(session: Session, entries: Entries): Promise<void> {
  const { project, prometheus, setting } = session;
  const subjects = Object.entries(entries).map(([name, entry]) => ({
    service: project.service(name),
    entry,
  }));
  const results = await runChecks(
    preflightChecks(subjects, {
      stack: setting.place.stack,
      config: project.config,
      secrets: await project.secretKeys(),
      cluster: project.cluster,
      prometheus,
      runners: noRunners,
      schemaVersion: (service) => askSchema(project.cluster, service, [service.release.active]),
    }),
  );
  const told = results.map(({ title, status, detail }) => ({ check: title, ok: status !== "fail", detail }));
  await session.add({ what: "preflight", data: { results: told } });
  requirePassed(results);
}
