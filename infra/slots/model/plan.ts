import { formatPath } from "../../config/finding.ts";
import type { Phase, Release, SchemaRange } from "../../config/schema/releases.ts";
import type { Autoscale } from "../../config/schema/services.ts";
import { UserError } from "../../lib/errors.ts";
import { otherSlot, SLOTS, type SlotName } from "../../lib/names.ts";
import type { Service } from "../../services/service.ts";
import { checkRelease } from "./check.ts";

/** What a slot is for just now. */
export type SlotRole =
  /** Its release is the service's version. */
  | "active"
  /** Its release is on its way in. */
  | "candidate"
  /** Its release was taken back. */
  | "withdrawn"
  /** Holds the release before, at full size, ready to go back to. */
  | "idle"
  /** Never had a release. */
  | "empty";

/** How an autoscaler may size a slot. */
export interface SlotScale extends Autoscale {
  /** Whether it may take pods away. A slot that has given its users away keeps its size: they may come back at once. */
  readonly scaleDown: boolean;
}

/** One slot as it should be. */
export interface SlotState {
  readonly slot: SlotName;
  readonly role: SlotRole;
  /** Undefined in an empty slot. */
  readonly release: string | undefined;
  readonly image: string;
  /** Pods; with an autoscaler at least. */
  readonly replicas: number;
  /** Undefined where the number of pods is fixed. */
  readonly scale: SlotScale | undefined;
  /** Share of the traffic in per cent. */
  readonly weight: number;
  readonly config: Readonly<Record<string, string>>;
  /** Whether its secrets stay as they are: a rotated one reaches users with the next release, never under them. */
  readonly keepsSecrets: boolean;
  /** What a migration must bring the schema to before the release starts; undefined: no migration. */
  readonly migratesTo: SchemaRange | undefined;
}

/** A smoke test: one run for each release and step. */
export interface SmokeTest {
  readonly slot: SlotName;
  readonly release: string;
  /** The candidate's share in per cent that it speaks for. */
  readonly step: number;
}

/** Both slots of a service, and what moves traffic between them. */
export interface SlotPlan {
  readonly phase: Phase;
  readonly blue: SlotState;
  readonly green: SlotState;
  /** Where requests go that ask for the candidate. Never a slot without pods, nor a withdrawn one. */
  readonly testers: SlotName;
  readonly smoke: SmokeTest | undefined;
  /** What must have succeeded before traffic is touched. Nothing on the way back. */
  readonly waitsFor: { readonly deployment: SlotName | undefined; readonly smoke: boolean };
}

/** What the plan needs of a service. */
export type Planned = Pick<Service, "name" | "steps" | "replicas" | "config" | "autoscale" | "migration">;

/**
 * Both slots of a service in the state that `slipway:releases` asks for.
 * @throws UserError when slots may not be in that state; see {@link checkRelease}.
 */
export function planSlots(service: Planned, release: Release): SlotPlan {
  const findings = checkRelease(service, release);
  if (findings.length > 0) {
    throw new UserError(findings.map(({ path, ...fault }) => ({ where: formatPath(path), ...fault })));
  }
  const share = shareOf(release);
  const [blue, green] = SLOTS.map((slot) => state(service, release, slot, share)) as [SlotState, SlotState];
  const candidate = release.phase === "canary" ? otherSlot(release.active) : undefined;
  return {
    phase: release.phase,
    blue,
    green,
    testers: candidate ?? release.active,
    smoke: smokeTest(release, candidate),
    waitsFor: { deployment: candidate, smoke: share > 0 },
  };
}

/** The candidate's share of the traffic in per cent. */
function shareOf({ phase, weight = 0 }: Release): number {
  return phase === "canary" ? weight : 0;
}

/** The step whose smoke test must have succeeded; 0: none. */
export function gateOf(release: Release): number {
  return release.phase === "canary" ? (release.gate ?? shareOf(release)) : 0;
}

function smokeTest(release: Release, slot: SlotName | undefined): SmokeTest | undefined {
  const step = gateOf(release);
  const own = slot === undefined ? undefined : release[slot];
  if (slot === undefined || own === undefined || step === 0) return undefined;
  return { slot, release: own.release, step };
}

function state(service: Planned, release: Release, slot: SlotName, share: number): SlotState {
  const own = release[slot];
  const isActive = slot === release.active;
  const role = isActive ? "active" : own === undefined ? "empty" : ROLE_OF_OTHER[release.phase];
  const { autoscale } = service;
  return {
    slot,
    role,
    release: own?.release,
    // An empty slot has no pods, yet a Deployment must name an image: the active one is known to exist.
    image: own?.image ?? release[release.active]?.image ?? "",
    replicas: own === undefined ? 0 : (autoscale?.min ?? service.replicas),
    scale:
      own === undefined || autoscale === undefined
        ? undefined
        : { ...autoscale, scaleDown: isActive && release.phase !== "canary" },
    weight: isActive ? 100 - share : share,
    config: own?.config ?? service.config,
    keepsSecrets: role !== "candidate",
    migratesTo: role === "candidate" && service.migration !== undefined ? own?.schema : undefined,
  };
}

const ROLE_OF_OTHER = { steady: "idle", canary: "candidate", rollback: "withdrawn" } as const;
