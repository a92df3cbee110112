import { isDeepStrictEqual } from "node:util";
import type { Release, SchemaRange, SlotRelease } from "../../infra/config/schema/releases.ts";
import { UserError } from "../../infra/lib/errors.ts";
import { SLOTS } from "../../infra/lib/names.ts";
import type { ResolvedService } from "../../infra/services/resolve.ts";
import { otherOf, withCandidate } from "./states.ts";

/** What a user wants to run. */
export interface Wanted {
  readonly image: string;
  /** Id of the release. @default the next number of the series `r<n>` */
  readonly release?: string;
  readonly schema?: SchemaRange;
  /** Why it goes on although there is nothing to go back to. */
  readonly override?: string;
}

/** What a deploy has to do for one service. */
export type Intent =
  | { readonly kind: "nothing"; readonly why: string }
  /** From the beginning; `entry` has the candidate in its slot. */
  | { readonly kind: "start"; readonly entry: Release }
  /** An earlier run was interrupted with this very release on its way. */
  | { readonly kind: "resume"; readonly entry: Release };

/** What the plan needs of a service. */
export type Subject = Pick<ResolvedService, "name" | "steps" | "config" | "release">;

/** Another release of a service is on its way. */
export class InProgress extends UserError {}

/**
 * What deploying an image means in the state that the service is in.
 * @throws InProgress, or UserError for a release id that is taken
 */
export function planDeploy(service: Subject, wanted: Wanted): Intent {
  const { release } = service;
  const other = release[otherOf(release)];
  const current = release[release.active];
  if (release.phase === "canary") {
    if (other !== undefined && isWanted(other, wanted)) return { kind: "resume", entry: release };
    throw inProgress(service.name, release, other);
  }
  if (
    current !== undefined &&
    isWanted(current, wanted) &&
    isDeepStrictEqual(configOf(current, service), service.config)
  ) {
    const why = `${service.name} runs ${current.release} (${current.image}) already, in ${release.active}`;
    return { kind: "nothing", why };
  }
  const candidate = candidateOf(service, wanted);
  return {
    kind: "start",
    entry: withCandidate(frozen(service), candidate, service.steps[0] ?? 100, wanted.override),
  };
}

/** The active release keeps the variables it runs with: a change of the stack file's reaches users by a release only. */
function frozen({ release, config }: Subject): Release {
  const current = release[release.active];
  if (current === undefined) return release;
  return { ...release, [release.active]: { ...current, config: current.config ?? { ...config } } };
}

function isWanted(slot: SlotRelease, { image, release }: Wanted): boolean {
  return slot.image === image && (release === undefined || slot.release === release);
}

function configOf(slot: SlotRelease, { config }: Subject): Readonly<Record<string, string>> {
  return slot.config ?? config;
}

/** The release as its slot will hold it, with the variables of today: going back later brings these back, too. */
function candidateOf(
  { name, config, release }: Subject,
  { image, release: id, schema }: Wanted,
): SlotRelease {
  const taken = release[release.active]?.release;
  if (id !== undefined && id === taken) {
    throw new UserError({
      where: `release ${id}`,
      what: `${name} runs a release of that id, with another image or other variables`,
      remedy: "choose another --release, or leave it out",
    });
  }
  const known = schema ?? SLOTS.map((slot) => release[slot]).find((slot) => slot?.image === image)?.schema;
  return {
    release: id ?? nextId(release),
    image,
    ...(known === undefined ? {} : { schema: known }),
    config: { ...config },
  };
}

/** One more than the highest `r<n>` in the slots. */
function nextId(release: Release): string {
  const numbers = SLOTS.map((slot) => Number(/^r(\d+)$/.exec(release[slot]?.release ?? "")?.[1] ?? 0));
  return `r${Math.max(...numbers) + 1}`;
}

function inProgress(name: string, release: Release, other: SlotRelease | undefined): InProgress {
  return new InProgress({
    where: `slipway:releases.${name}`,
    what: `${other?.release} (${other?.image}) is on its way with ${release.weight ?? 0} % of the traffic`,
    remedy: `finish it (slipway release promote ${name}) or take it back (slipway release rollback ${name}) first`,
  });
}

/** All shares that a group of services goes through, and 100 at the end. */
export function sharesOf(services: readonly Pick<Subject, "steps">[]): number[] {
  return [...new Set(services.flatMap(({ steps }) => steps))].sort((a, b) => a - b);
}

/** A service's own step at a share of its group: the highest that is not above it; 0 before its first. */
export function stepAt({ steps }: Pick<Subject, "steps">, share: number): number {
  return steps.filter((step) => step <= share).at(-1) ?? 0;
}
