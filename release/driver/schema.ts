import { setTimeout as sleep } from "node:timers/promises";
import type { Release } from "../../infra/config/schema/releases.ts";
import { type Fault, UserError } from "../../infra/lib/errors.ts";
import type { ResolvedService } from "../../infra/services/resolve.ts";
import { NoAnswer, Refused } from "../cluster.ts";
import { otherOf } from "../model/states.ts";
import type { Project } from "../project.ts";
import { askSchema, beyondTarget, formatRange, isWithin } from "../schema.ts";
import { note, type Report } from "./report.ts";
import { Failed, type RunParts } from "./run.ts";

/** The database has gone beyond what a release works with that users were to go back to. */
export class BeyondSchema extends UserError {}

/** Pauses before a question is asked again that got no answer, in milliseconds. */
const RETRY_MS = [1_000, 3_000];

/**
 * Checks, after the migrations, that each candidate's database has a schema that the candidate works with. Asked in the
 * candidates' own pods, which have no users yet: so these reach their database, too.
 * @throws Failed
 */
export async function checkSchemas(
  run: Omit<RunParts, "engine" | "prometheus">,
  services: readonly ResolvedService[],
): Promise<void> {
  await Promise.all(services.map((service) => checkSchema(run, service)));
}

async function checkSchema(
  { project, report, signal }: Omit<RunParts, "engine" | "prometheus">,
  service: ResolvedService,
): Promise<void> {
  const { name, release } = service;
  const slot = otherOf(release);
  const candidate = release[slot];
  if (candidate?.schema === undefined) return;
  const works = `${candidate.release} works with ${formatRange(candidate.schema)}`;
  try {
    const version = await answered(() => askSchema(project.cluster, service, [slot]), signal);
    if (version === undefined) return;
    if (!isWithin(version, candidate.schema))
      throw new Failed(
        "database",
        `${name}: after its migration the database is at schema ${version}; ${works}`,
      );
    await report.add(note(`the database of ${name} is at schema ${version}; ${works}`));
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof UserError)) throw error;
    const why = `the database of ${name} cannot be asked for its schema: ${error.message}`;
    // Whoever may not run commands in pods goes by what the migration itself has found.
    if (!isReason(error, "Forbidden")) throw new Failed("database", why, { cause: error });
    await report.add(note(why));
  }
}

async function answered<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (const pause of RETRY_MS) {
    try {
      return await ask();
    } catch (error) {
      // The pod may have left since it was found.
      if (!(error instanceof NoAnswer) && !isReason(error, "NotFound")) throw error;
      await sleep(pause, undefined, { signal });
    }
  }
  return ask();
}

function isReason(error: unknown, reason: string): boolean {
  return error instanceof Refused && error.reason === reason;
}

/**
 * Why a promoted release cannot be undone with the schema that its database has by now. A candidate always can: the
 * release before has served with that schema all along. One that cannot be asked holds nobody up.
 */
export async function schemaFaults(
  { project, report }: { readonly project: Project; readonly report: Report },
  service: ResolvedService,
  entry: Release,
): Promise<Fault[]> {
  const target = entry[entry.active];
  if (service.release.phase !== "steady" || target?.schema === undefined) return [];
  try {
    const version = await askSchema(project.cluster, service, [entry.active, otherOf(entry)]);
    return beyondTarget(service, target, version);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    await report.add(note(`goes back by the declared schemas alone: ${error.message}`));
    return [];
  }
}

/** Where the databases stay of releases that were taken back: nobody should believe that they went back, too. */
export async function schemaNote(
  project: Project,
  names: readonly string[],
): Promise<{ readonly schemaNote?: string }> {
  const services = names.map((name) => project.service(name)).filter(hasMigrated);
  const told = services.map(async (service) => {
    const { name, release } = service;
    const version = await askSchema(project.cluster, service, [release.active]).catch(() => undefined);
    const withdrawn = release[otherOf(release)];
    return version === undefined
      ? `the database of ${name} may be at schema ${withdrawn?.schema?.min} or above and stays there`
      : `the database of ${name} is at schema ${version} and stays there`;
  });
  return services.length === 0 ? {} : { schemaNote: (await Promise.all(told)).join("; ") };
}

function hasMigrated({ migration, release }: ResolvedService): boolean {
  return migration !== undefined && release[otherOf(release)]?.schema !== undefined;
}
