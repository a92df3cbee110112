import type { Finding } from "../../config/finding.ts";
import type { Release, SlotRelease } from "../../config/schema/releases.ts";
import { otherSlot } from "../../lib/names.ts";
import type { Service } from "../../services/service.ts";

/** What the checks need of a service. */
export type Steps = Pick<Service, "name" | "steps">;

/** Why a service's entry in `slipway:releases` is not a state that slots may be in; empty when it is. */
export function checkRelease(service: Steps, release: Release): Finding[] {
  const { active, phase } = release;
  const at = (...keys: string[]) => ["slipway:releases", service.name, ...keys];
  const current = release[active];
  const other = release[otherSlot(active)];
  if (current === undefined) {
    const remedy = other === undefined ? `give ${active} a release` : `set active: ${otherSlot(active)}`;
    return [{ path: at("active"), what: `${active} is active but has no release`, remedy }];
  }
  switch (phase) {
    case "steady":
      return surplus(at, release);
    case "canary":
      return [
        ...candidate(at, release, current, other),
        ...weight(at("weight"), service, release),
        ...gate(at("gate"), service, release),
      ];
    case "rollback":
      return [...surplus(at, release), ...wayBack(at, release, current, other)];
  }
}

type At = (...keys: string[]) => string[];

/** What only a canary has. */
function surplus(at: At, { phase, weight, gate, active }: Release): Finding[] {
  const remedy = "remove it, or set phase: canary";
  return [
    ...(weight === undefined
      ? []
      : [
          {
            path: at("weight"),
            what: `found ${weight}: in phase ${phase} all traffic goes to ${active}`,
            remedy,
          },
        ]),
    ...(gate === undefined
      ? []
      : [{ path: at("gate"), what: `found ${gate}: in phase ${phase} nothing is tested`, remedy }]),
  ];
}

function weight(path: string[], service: Steps, { weight }: Release): Finding[] {
  if (weight === undefined) {
    return [{ path, what: "is missing: the candidate's share in per cent", remedy: oneOf(service) }];
  }
  return isStep(service, weight) ? [] : [notAStep(path, service, weight)];
}

function gate(path: string[], service: Steps, { gate, weight = 0 }: Release): Finding[] {
  if (gate === undefined) return [];
  if (!isStep(service, gate)) return [notAStep(path, service, gate)];
  if (gate >= weight) return [];
  const what = `found ${gate}, below the weight: ${weight} % of the traffic would go where only ${gate} % were tested for`;
  return [{ path, what, remedy: `write at least ${weight}, or leave it out` }];
}

function isStep({ steps }: Steps, share: number): boolean {
  return share === 0 || steps.includes(share);
}

function notAStep(path: string[], service: Steps, share: number): Finding {
  return { path, what: `found ${share}, which is not a step`, remedy: oneOf(service) };
}

function oneOf({ steps }: Steps): string {
  return `write 0 or one of ${steps.join(", ")}`;
}

function candidate(
  at: At,
  release: Release,
  current: SlotRelease,
  other: SlotRelease | undefined,
): Finding[] {
  const slot = otherSlot(release.active);
  if (other === undefined) {
    const what =
      release.weight === undefined || release.weight === 0
        ? `phase canary, but ${slot} has no release`
        : `${release.weight} % of the traffic would go to ${slot}, which is empty`;
    return [{ path: at(slot), what, remedy: `give ${slot} a release, or set phase: steady` }];
  }
  if (other.release === current.release) {
    const what = `the candidate is ${current.release}, which is active in ${release.active} already`;
    return [{ path: at(slot, "release"), what, remedy: "nothing to release: set phase: steady" }];
  }
  if (current.schema === undefined || other.schema === undefined) return [];
  if (other.schema.min <= current.schema.max && current.schema.min <= other.schema.max) return [];
  return [
    {
      path: at(slot, "schema"),
      what: `${other.release} works with schema ${range(other)}, ${current.release} with ${range(current)}: none serves both`,
      remedy: "put a release between them that works with both",
    },
  ];
}

function wayBack(at: At, release: Release, target: SlotRelease, failed: SlotRelease | undefined): Finding[] {
  const slot = otherSlot(release.active);
  if (failed === undefined) {
    const what = `phase rollback, but ${slot} has no release to go back from`;
    return [{ path: at("phase"), what, remedy: "set phase: steady" }];
  }
  if (target.schema === undefined || failed.schema === undefined) return [];
  if (failed.schema.min <= target.schema.max) return [];
  return [
    {
      path: at(release.active, "schema"),
      what: `${failed.release} has brought the schema to ${failed.schema.min} at least; ${target.release} works up to ${target.schema.max}`,
      remedy: `go forward instead: release a fixed version that works with schema ${failed.schema.min}`,
    },
  ];
}

function range({ schema }: SlotRelease): string {
  return `${schema?.min}..${schema?.max}`;
}
