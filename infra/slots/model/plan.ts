import { formatPath } from "../../config/finding.ts";
import type { Phase, Release } from "../../config/schema/releases.ts";
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

/** One slot as it should be. */
export interface SlotState {
  readonly slot: SlotName;
  readonly role: SlotRole;
  /** Undefined in an empty slot. */
  readonly release: string | undefined;
  readonly image: string;
  readonly replicas: number;
  /** Share of the traffic in per cent. */
  readonly weight: number;
  readonly config: Readonly<Record<string, string>>;
}

/** Both slots of a service, and what the route waits for. */
export interface SlotPlan {
  readonly phase: Phase;
  readonly blue: SlotState;
  readonly green: SlotState;
  /** The slot that must be up before its share of the traffic moves; none on the way back. */
  readonly gate: SlotName | undefined;
}

/** What the plan needs of a service. */
export type Planned = Pick<Service, "name" | "steps" | "replicas" | "config">;

/**
 * Both slots of a service in the state that `slipway:releases` asks for.
 * @throws UserError when slots may not be in that state; see {@link checkRelease}.
 */
export function planSlots(service: Planned, release: Release): SlotPlan {
  const findings = checkRelease(service, release);
  if (findings.length > 0) {
    throw new UserError(findings.map(({ path, ...fault }) => ({ where: formatPath(path), ...fault })));
  }
  const share = release.phase === "canary" ? (release.weight ?? 0) : 0;
  const [blue, green] = SLOTS.map((slot) => state(service, release, slot, share)) as [SlotState, SlotState];
  return { phase: release.phase, blue, green, gate: share > 0 ? otherSlot(release.active) : undefined };
}

function state(service: Planned, release: Release, slot: SlotName, share: number): SlotState {
  const own = release[slot];
  const isActive = slot === release.active;
  return {
    slot,
    role: isActive ? "active" : own === undefined ? "empty" : ROLE_OF_OTHER[release.phase],
    release: own?.release,
    // An empty slot has no pods, yet a Deployment must name an image: the active one is known to exist.
    image: own?.image ?? release[release.active]?.image ?? "",
    replicas: own === undefined ? 0 : service.replicas,
    weight: isActive ? 100 - share : share,
    config: own?.config ?? service.config,
  };
}

const ROLE_OF_OTHER = { steady: "idle", canary: "candidate", rollback: "withdrawn" } as const;
