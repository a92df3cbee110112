import { UserError } from "../infra/lib/errors.ts";
import { captureState } from "./driver/capture.ts";
import { note } from "./driver/report.ts";
import { Session, type Setting } from "./driver/session.ts";
import { moveBack, onItsWay, record, wayBack } from "./driver/take-back.ts";
import { requestStop } from "./lock.ts";
import { Project } from "./project.ts";
import type { RunRecord } from "./record.ts";

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
  const entries = wayBack(project, names);
  const isOnItsWay = onItsWay(project, names).length > 0;
  const unfinished = names.filter((name) => project.service(name).release.phase === "rollback");
  if (Object.keys(entries).length === 0 && unfinished.length === 0) throw nothingBehind(project, names);
  const all = {
    ...Object.fromEntries(unfinished.map((name) => [name, project.service(name).release])),
    ...entries,
  };
  const session = await Session.start(setting, project, "rollback", all);
  const way = { project, engine: session.engine, report: session, signal: setting.signal };
  await session.add({ what: "going back", data: { cause: "asked for", reason } });
  try {
    await moveBack(way, all);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return session.finish({ outcome: "failed", cause: "not ready", reason: error.message });
  }

  if (isOnItsWay) await requestStop(project.cluster, project.config.environment, session.holder);
  const lock = await session.lock(setting.signal);
  try {
    await session.announce();
    await session.add({ what: "failed state captured", data: await captureState(project, Object.keys(all)) });
    await project.save(all);
    await record(way, Object.keys(all));
    return await session.finish({ outcome: "succeeded", cause: "asked for", reason });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    await session.add(note("the traffic is back; the engine has not recorded it yet: run this again"));
    return await session.finish({ outcome: "failed", cause: "engine", reason: error.message });
  } finally {
    await lock.release();
  }
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
