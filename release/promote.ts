import { UserError } from "../infra/lib/errors.ts";
import { note } from "./driver/report.ts";
import { Run } from "./driver/run.ts";
import { Session, type Setting } from "./driver/session.ts";
import { onItsWay } from "./driver/take-back.ts";
import { promoted, withGate, withWeight } from "./model/states.ts";
import { type Entries, Project } from "./project.ts";
import type { RunRecord } from "./record.ts";

/**
 * Gives candidates all users now, without the steps and the watching that are left. The smoke test stays.
 * @param reason why; production's rules ask for it
 */
export async function promote(
  setting: Setting,
  names: readonly string[],
  reason: string,
): Promise<RunRecord> {
  const project = await Project.open(setting.place, setting.paths);
  const idle = names.filter((name) => !onItsWay(project, names).includes(name));
  if (idle.length > 0) {
    throw new UserError(
      idle.map((name) => ({ where: `slipway:releases.${name}`, what: "no release is on its way" })),
    );
  }
  const change = (by: (release: Entries[string]) => Entries[string]): Entries =>
    Object.fromEntries(names.map((name) => [name, by(project.service(name).release)]));
  const session = await Session.start(
    setting,
    project,
    "promote",
    change((release) => release),
  );
  const lock = await session.lock(setting.signal);
  try {
    await session.announce();
    await session.add(note(`promoted by hand: ${reason}`));
    const { engine, prometheus } = session;
    const signal = AbortSignal.any([setting.signal, lock.lost, lock.asked]);
    const run = new Run({ project, engine, prometheus, report: session, signal });
    await project.save(change((release) => ({ ...withGate(release, 100), override: reason })));
    await run.up("smoke test before 100 %");
    await project.save(change((release) => withWeight(release, 100)));
    await run.move(
      "100 % of the traffic",
      names.map((name) => project.service(name)),
    );
    await project.save(change(promoted));
    await run.up("promote");
    return await session.finish({ outcome: "succeeded" });
  } catch (error) {
    await session.finish({ outcome: "failed", cause: "engine", reason: (error as Error).message });
    throw error;
  } finally {
    await lock.release();
  }
}
