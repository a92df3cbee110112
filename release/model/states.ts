import type { Release, SlotRelease } from "../../infra/config/schema/releases.ts";
import { otherSlot, type SlotName } from "../../infra/lib/names.ts";

/** The slot whose release comes in, or may be gone back to: the one that is not active. */
export function otherOf({ active }: Release): SlotName {
  return otherSlot(active);
}

/** A release put into the other slot, without users yet; its smoke test for the first step is asked for. */
export function withCandidate(
  release: Release,
  candidate: SlotRelease,
  firstStep: number,
  override?: string,
): Release {
  return {
    ...slotsOf(release),
    [otherOf(release)]: candidate,
    phase: "canary",
    active: release.active,
    weight: 0,
    gate: firstStep,
    ...(override === undefined ? {} : { override }),
  };
}

/** The smoke test for the step to come is asked for; traffic stays as it is. */
export function withGate(release: Release, gate: number): Release {
  return { ...release, gate };
}

/** The candidate gets its share; nothing else changes. */
export function withWeight(release: Release, weight: number): Release {
  return { ...release, weight };
}

/** The candidate is the service's version now. */
export function promoted(release: Release): Release {
  return { ...slotsOf(release), phase: "steady", active: otherOf(release) };
}

/**
 * All users back on the version before: a candidate is taken out, a promoted release is undone.
 * @returns undefined where there is nothing to go back from, or to.
 */
export function takenBack(release: Release): Release | undefined {
  if (release.phase === "rollback" || release[otherOf(release)] === undefined) return undefined;
  const active = release.phase === "canary" ? release.active : otherOf(release);
  return { ...slotsOf(release), phase: "rollback", active };
}

/** The candidate's share just now, in per cent. */
export function shareOf({ phase, weight = 0 }: Release): number {
  return phase === "canary" ? weight : 0;
}

function slotsOf({ blue, green }: Release): Pick<Release, "blue" | "green"> {
  return { ...(blue === undefined ? {} : { blue }), ...(green === undefined ? {} : { green }) };
}
