import { doingOf, type Lease, leaseRef } from "../lease.ts";
import { requestStop } from "../lock.ts";
import { note } from "./report.ts";
import type { Session } from "./session.ts";

/** Asks the run that has the environment's lock to stop, if it is about one of these services: others are let finish. */
export async function askToStop(session: Session, names: readonly string[]): Promise<void> {
  const { project, holder } = session;
  const { environment } = project.config;
  const lease = await project.cluster.get<Lease>(leaseRef(environment));
  const [, subject] = (lease === undefined ? undefined : doingOf(lease))?.split(" ") ?? [];
  const ours = names.flatMap((name) => [name, project.service(name).system]);
  if (subject === undefined || !ours.includes(subject)) return;
  const asked = await requestStop(project.cluster, environment, holder);
  if (asked !== undefined) await session.add(note(`asked ${asked} to stop`));
}
