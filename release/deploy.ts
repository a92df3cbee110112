import { UserError } from "../infra/lib/errors.ts";
import { runChecks } from "../machine/check.ts";
import { captureState } from "./driver/capture.ts";
import { startGuard } from "./driver/guard.ts";
import { note } from "./driver/report.ts";
import { Failed, Run } from "./driver/run.ts";
import { QUEUE_MS, Session, type Setting } from "./driver/session.ts";
import { stepThrough } from "./driver/steps.ts";
import { moveBack, onItsWay, record, wayBack } from "./driver/take-back.ts";
import { awaitOthers, type ReleaseLock } from "./lock.ts";
import { InProgress, planDeploy, type Wanted } from "./model/plan.ts";
import { otherOf } from "./model/states.ts";
import { preflightChecks, requirePassed } from "./preflight/preflight.ts";
import { noRunners } from "./preflight/runners.ts";
import { type Entries, Project } from "./project.ts";
import type { RunEnd, RunRecord } from "./record.ts";

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
 * @param override why steps may be skipped, for production
 * @throws UserError when the stack file would be wrong with it, or another release is on its way
 */
export async function planOrder(project: Project, order: Order, override?: string): Promise<DeployPlan> {
  const intents = [...order].map(
    ([name, wanted]) => [name, planDeploy(project.service(name), wanted, override)] as const,
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
  const session = await Session.start(setting, project, "deploy", entries);
  return session.finish(await locked(session, order));
}

/** Another release on its way is waited for, as long as somebody drives it. */
async function planInTurn({ display, signal }: Setting, project: Project, order: Order): Promise<DeployPlan> {
  for (;;) {
    try {
      return await planOrder(project, order);
    } catch (error) {
      if (!(error instanceof InProgress)) throw error;
      const waited = await awaitOthers(project.cluster, project.config.environment, {
        signal,
        timeoutMs: QUEUE_MS,
        onWait: (text) => display.happened(note(text)),
      });
      if (!waited) throw error;
      await project.reload();
    }
  }
}

async function locked(session: Session, order: Order): Promise<RunEnd> {
  const { signal } = session.setting;
  let lock: ReleaseLock | undefined;
  try {
    lock = await session.lock(signal);
    await session.project.reload();
    const { entries, nothing } = await planOrder(session.project, order);
    if (Object.keys(entries).length === 0) return { outcome: "nothing to do", reason: nothing.join("; ") };
    await session.announce();
    await preflight(session, entries);
    return await released(session, lock, entries);
  } catch (error) {
    return endOf(error, session);
  } finally {
    await lock?.release();
  }
}

/** What failed before anything was touched. */
function endOf(error: unknown, { setting }: Session): RunEnd {
  if (setting.signal.aborted)
    return { outcome: "stopped", cause: "interrupted", reason: "before anything was changed" };
  if (error instanceof UserError) return { outcome: "failed", cause: "preflight", reason: error.message };
  throw error;
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
    }),
  );
  const told = results.map(({ title, status, detail }) => ({ check: title, ok: status !== "fail", detail }));
  await session.add({ what: "preflight", data: { results: told } });
  requirePassed(results);
}

/** From the first change on: whatever happens, users end on one version. */
async function released(session: Session, lock: ReleaseLock, entries: Entries): Promise<RunEnd> {
  const { project, engine, prometheus, setting } = session;
  const names = Object.keys(entries);
  await session.add({ what: "state captured", data: await captureState(project, names) });
  const guard = await startGuard(setting, names);
  const signal = AbortSignal.any([setting.signal, lock.lost, lock.asked]);
  try {
    await stepThrough(new Run({ project, engine, prometheus, report: session, signal }), entries);
    return { outcome: "succeeded" };
  } catch (error) {
    // Whoever asked has moved the traffic already.
    if (lock.asked.aborted)
      return { outcome: "stopped", cause: "asked for", reason: messageOf(lock.asked.reason) };
    const failure = failureOf(error, setting.signal);
    if (lock.lost.aborted) return await afterOthers(session, names, failure);
    return await takeBack(session, names, failure);
  } finally {
    await guard.dismiss();
  }
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
  return error instanceof Failed ? error : new Failed("cluster", messageOf(error), { cause: error });
}

async function takeBack(session: Session, names: readonly string[], failure: Failed): Promise<RunEnd> {
  const { because: cause, message: reason } = failure;
  const unproven = onItsWay(session.project, names);
  // Before the first change, and after the last: there is nothing to take back.
  if (unproven.length === 0) return { outcome: "failed", cause, reason };
  const way = {
    project: session.project,
    engine: session.engine,
    report: session,
    signal: new AbortController().signal,
  };
  await session.add({ what: "going back", data: { cause, reason } });
  try {
    const entries = wayBack(session.project, unproven);
    await moveBack(way, entries);
    await session.add({ what: "failed state captured", data: await captureState(session.project, names) });
    await record(way, unproven);
    return { outcome: "rolled back", cause, reason, ...schemaNote(session, names) };
  } catch (error) {
    const trouble = messageOf(error);
    await session.add(note(`could not go back: ${trouble}`));
    return { outcome: "failed", cause, reason: `${reason}\nand the way back failed: ${trouble}` };
  }
}

/** A migrated database is never taken back, and nobody should believe that it was. */
function schemaNote({ project }: Session, names: readonly string[]): { schemaNote?: string } {
  const migrated = names.flatMap((name) => {
    const { migration, release } = project.service(name);
    const failed = release[otherOf(release)];
    return migration === undefined || failed?.schema === undefined
      ? []
      : [`the database of ${name} may be at schema ${failed.schema.min} or above and stays there`];
  });
  return migrated.length === 0 ? {} : { schemaNote: migrated.join("; ") };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
