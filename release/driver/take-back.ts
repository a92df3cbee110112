import { isDeepStrictEqual } from "node:util";
import type { Release } from "../../infra/config/schema/releases.ts";
import { type Fault, UserError } from "../../infra/lib/errors.ts";
import type { SlotName } from "../../infra/lib/names.ts";
import type { ResolvedService } from "../../infra/services/resolve.ts";
import { slotName } from "../../infra/slots/model/manifests.ts";
import type { Cluster } from "../cluster.ts";
import { otherOf, takenBack } from "../model/states.ts";
import { type Deployment, type SlotHealth, slotHealth } from "../pods.ts";
import type { Entries, Project } from "../project.ts";
import type { Engine } from "./engine.ts";
import { persist } from "./persist.ts";
import { note, type Report } from "./report.ts";
import { BeyondSchema, schemaFaults } from "./schema.ts";
import { currentWeights, formatWeights, holdTraffic, moveTraffic, plannedWeights } from "./traffic.ts";

/** Entries that put all users of some services back on the version before, as far as there is one to go back to. */
export function wayBack(project: Project, names: readonly string[]): Entries {
  const entries = names.flatMap((name) => {
    const entry = takenBack(project.service(name).release);
    return entry === undefined ? [] : [[name, entry] as const];
  });
  return Object.fromEntries(entries);
}

/** The services with a release on its way. */
export function onItsWay(project: Project, names: readonly string[]): string[] {
  return names.filter((name) => project.service(name).release.phase === "canary");
}

/**
 * Refuses to give users to a version without a single ready pod, as long as the other one has some: what serves best
 * stays. And to a slot that holds another image than this stack file says: the file is older than what runs. And to a
 * release that does not work with the schema that its database has by now, which is never taken back.
 * @throws UserError for each service where it is so.
 */
export async function checkTargets(
  { project, report, signal }: Omit<WayBack, "engine">,
  entries: Entries,
): Promise<void> {
  const found = await Promise.all(
    Object.entries(entries).map(async ([name, entry]) => {
      const service = project.service(name);
      const [slots, beyond] = await Promise.all([
        persist(() => slotsOf(project.cluster, service), report, signal),
        schemaFaults({ project, report }, service, entry),
      ]);
      return {
        beyond,
        slots: [...strangeTarget(service, entry, slots), ...deadTarget(service, entry, slots)],
      };
    }),
  );
  const beyond = found.flatMap((faults) => faults.beyond);
  const faults = [...beyond, ...found.flatMap(({ slots }) => slots)];
  if (beyond.length > 0) throw new BeyondSchema(faults);
  if (faults.length > 0) throw new UserError(faults);
}

type Slots = Readonly<Record<SlotName, SlotHealth>>;

/** A slot that most users are on may be gone back to whatever it holds; one that they left must hold what they left. */
function strangeTarget({ name, namespace, release }: ResolvedService, entry: Release, slots: Slots): Fault[] {
  const { active } = entry;
  const { image } = slots[active];
  if (release.active === active || image === undefined || image === entry[active]?.image) return [];
  return [
    {
      where: `${name} in ${namespace}`,
      what: `${active} runs ${image}; the stack file says ${entry[active]?.image}, so it does not know what runs`,
      remedy: "get the stack file of whoever released last (git pull), and run this again",
    },
  ];
}

function deadTarget({ name, namespace }: ResolvedService, entry: Release, slots: Slots): Fault[] {
  const { active } = entry;
  const other = otherOf(entry);
  if (slots[active].ready > 0 || slots[other].ready === 0) return [];
  return [
    {
      where: `${name} in ${namespace}`,
      what: `${entry[active]?.release} in ${active} has no ready pod to go back to; ${entry[other]?.release} in ${other} has ${slots[other].ready} and keeps the traffic`,
      remedy: `mend it (kubectl describe deployment ${slotName(name, active)} --namespace ${namespace}) and run this again, or deploy a fixed version`,
    },
  ];
}

async function slotsOf(cluster: Cluster, { name, namespace }: ResolvedService): Promise<Slots> {
  const found = await cluster.list<Deployment>("deployment.apps", namespace, `app=${name}`);
  const health = (slot: SlotName) =>
    slotHealth(found.find(({ metadata }) => metadata.name === slotName(name, slot)));
  return { blue: health("blue"), green: health("green") };
}

/** What going back takes. */
export interface WayBack {
  readonly project: Project;
  readonly engine: Engine;
  readonly report: Report;
  /** Not the one that stopped the release: going back goes on after Ctrl-C. */
  readonly signal: AbortSignal;
}

/**
 * All users of some services back on the version before: written into the stack file, then moved by one PATCH each.
 * The engine's record comes later; see {@link record}.
 * @throws UserError when that would leave users with nothing that answers; nothing is changed then.
 */
export async function moveBack(way: Omit<WayBack, "engine">, entries: Entries): Promise<void> {
  // All three begin at once, as each takes a while before it may do anything; each waits for the one before it then.
  const checked = checkTargets(way, entries);
  const written = way.project.overwrite(entries, checked);
  const moved = shiftTraffic(way, entries, written);
  // Nothing is left behind at work.
  await Promise.allSettled([written, moved]);
  await Promise.all([written, moved]);
}

/**
 * Does what comes after the traffic was moved back, and holds it there meanwhile: an engine that a stopped run left behind
 * may set the old weights once more.
 */
export async function holding<T>(
  { project, report, signal }: Omit<WayBack, "engine">,
  names: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const held = holdTraffic(project, names, report, AbortSignal.any([signal, over.signal]));
  try {
    return await work();
  } finally {
    over.abort();
    await held;
  }
}

/** The engine records what was moved; then it is looked at whether all is as it should be. */
export async function record(
  { project, engine, report, signal }: WayBack,
  names: readonly string[],
): Promise<void> {
  await engine.up("record the way back", report, signal);
  for (const name of names) await report.add(note(await verified(project, name)));
}

/** What a service is like after the way back, as the cluster has it. */
async function verified(project: Project, name: string): Promise<string> {
  const service = project.service(name);
  const { active } = service.release;
  const [weights, slots] = await Promise.all([
    currentWeights(project.cluster, service),
    slotsOf(project.cluster, service),
  ]);
  const { ready } = slots[active];
  const fits = isDeepStrictEqual(weights, plannedWeights(service)) && ready > 0;
  const found = `${formatWeights(weights)}, ${ready} pods of ${service.release[active]?.release} ready`;
  return fits ? `verified: ${name} has ${found}` : `${name} is not as it should be: ${found}`;
}

/** Moves the traffic to where entries want it, each by one PATCH, trying again until the cluster can be reached. */
async function shiftTraffic(
  { project, report, signal }: Omit<WayBack, "engine">,
  entries: Entries,
  time: Promise<unknown>,
): Promise<void> {
  await Promise.all(
    Object.entries(entries).map(async ([name, release]) => {
      const service = { ...project.service(name), release };
      const weights = plannedWeights(service);
      const move = () => moveTraffic(project.cluster, service, weights, time);
      const moved = await persist(move, report, signal);
      const slot = release.active;
      await report.add(
        moved
          ? { what: "traffic", data: { service: name, slot, weight: weights[slot] } }
          : note(`the route of ${name} has a shape that is not Slipway's: the engine will mend it`),
      );
    }),
  );
}
