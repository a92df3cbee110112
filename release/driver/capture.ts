import { SLOTS } from "../../infra/lib/names.ts";
import { slotName } from "../../infra/slots/model/manifests.ts";
import { type Deployment, type Pod, slotHealth } from "../pods.ts";
import type { Project } from "../project.ts";
import { note, type Report } from "./report.ts";
import { currentWeights } from "./traffic.ts";

/** What each service is like just now: its entry, the traffic, both Deployments, and pods that are not well. */
export async function captureState(
  project: Project,
  names: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  const states = names.map(async (name) => [name, await serviceState(project, name)] as const);
  return Object.fromEntries(await Promise.all(states));
}

/** Has the failed state on record; no way back waits for one that cannot be had. */
export async function captureFailure(
  project: Project,
  names: readonly string[],
  report: Report,
): Promise<void> {
  try {
    await report.add({ what: "failed state captured", data: await captureState(project, names) });
  } catch (error) {
    await report.add(note(`the failed state could not be captured: ${(error as Error).message}`));
  }
}

async function serviceState(project: Project, name: string): Promise<Readonly<Record<string, unknown>>> {
  const service = project.service(name);
  const selector = `app=${name}`;
  const [weights, deployments, pods] = await Promise.all([
    currentWeights(project.cluster, service),
    project.cluster.list<Deployment>("deployment.apps", service.namespace, selector),
    project.cluster.list<Pod>("pods", service.namespace, selector),
  ]);
  const slots = SLOTS.map((slot) => {
    const found = deployments.find(({ metadata }) => metadata.name === slotName(name, slot));
    return [slot, slotHealth(found)] as const;
  });
  return { entry: service.release, weights, slots: Object.fromEntries(slots), unwell: pods.flatMap(trouble) };
}

/** A pod's containers that are not ready or were restarted, in a line each. */
function trouble({ metadata, status }: Pod): string[] {
  return (status?.containerStatuses ?? [])
    .filter(({ ready, restartCount }) => !ready || restartCount > 0)
    .map(({ ready, restartCount, state, lastState }) => {
      const waiting = state?.waiting?.reason;
      const ended = lastState?.terminated;
      const facts = [
        ready ? "ready" : "not ready",
        `${restartCount} restarts`,
        ...(waiting === undefined ? [] : [waiting]),
        ...(ended === undefined ? [] : [`last exit code ${ended.exitCode}`]),
      ];
      return `${metadata.name}: ${facts.join(", ")}`;
    });
}
