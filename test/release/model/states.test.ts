import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Release } from "../../../infra/config/schema/releases.ts";
import { otherSlot, SLOTS } from "../../../infra/lib/names.ts";
import { checkRelease } from "../../../infra/slots/model/check.ts";
import { planSlots } from "../../../infra/slots/model/plan.ts";
import { checkTransition } from "../../../infra/slots/model/transition.ts";
import {
  otherOf,
  promoted,
  shareOf,
  takenBack,
  withCandidate,
  withGate,
  withWeight,
} from "../../../release/model/states.ts";
import { FIRST, life, serviceWith } from "./life.ts";

const service = { ...serviceWith(FIRST), replicas: 2 };
const candidate = { release: "r9", image: "acme/api:9", config: { LOG_LEVEL: "trace" } };

/** What users have: who serves which share of them, and with what. */
function seen(release: Release) {
  const plan = planSlots(service, release);
  return SLOTS.filter((slot) => plan[slot].weight > 0).map((slot) => {
    const { weight, release: id, image, config } = plan[slot];
    return { slot, weight, id, image, config };
  });
}

/** Every entry that a release goes through on its way from one entry to all users, as the driver writes them. */
function wayUp(release: Release): Release[] {
  const start = withCandidate(release, candidate, 5);
  const path = [start, withWeight(start, 5)];
  for (const share of [25, 100]) {
    const gated = withGate(path.at(-1) ?? start, share);
    path.push(gated, withWeight(gated, share));
  }
  return [...path, promoted(path.at(-1) ?? start)];
}

const settled = life.map((path) => path.at(-1) ?? FIRST).filter(({ phase }) => phase !== "canary");

describe("over the whole life of a service, whatever the driver does next", () => {
  const always = (property: (release: Release) => void) =>
    fc.assert(fc.property(life, (path) => path.forEach(property)));

  it("every entry is a state that slots may be in, but for schemas that fit no other", () => {
    always((release) => {
      const findings = checkRelease(service, release).filter(({ path }) => path.at(-1) !== "schema");
      expect(findings).toEqual([]);
    });
  });

  it("weights sum to 100, and no slot without a release has users", () => {
    always((release) => {
      const { schema: _b, ...blue } = release.blue ?? {};
      const { schema: _g, ...green } = release.green ?? {};
      const slots = { ...(release.blue && { blue }), ...(release.green && { green }) };
      const plan = planSlots(service, { ...release, ...slots } as Release);
      expect(plan.blue.weight + plan.green.weight).toBe(100);
      for (const slot of SLOTS) if (plan[slot].weight > 0) expect(release[slot]).toBeDefined();
    });
  });

  it("the two slots never hold a release of the same name", () => {
    always(({ blue, green }) => {
      if (green !== undefined) expect(green.release).not.toBe(blue?.release);
    });
  });

  it("lives are long enough to say something", () => {
    const phases = fc
      .sample(life, { numRuns: 200, seed: 1 })
      .flatMap((path) => path.map(({ phase }) => phase));
    expect(new Set(phases)).toEqual(new Set(["steady", "canary", "rollback"]));
  });
});

describe("forward and back", () => {
  it("is the identity for users, from every entry on the way and from its end", () => {
    fc.assert(
      fc.property(settled, fc.nat({ max: 6 }), (before, index) => {
        const there = wayUp(before)[index] as Release;
        const back = takenBack(there) as Release;
        expect(seen(back)).toEqual(seen(before));
        expect(back.active).toBe(before.active);
        expect(back[otherOf(before)]).toEqual(candidate);
      }),
    );
  });

  it("goes by steps that production allows, each a change of one thing", () => {
    fc.assert(
      fc.property(settled, (before) => {
        const path = [before, ...wayUp(before)];
        for (const [index, entry] of path.entries()) {
          const last = path[index - 1];
          if (last === undefined) continue;
          expect(checkTransition(service, "production", last, entry)).toEqual([]);
          const changed = (["weight", "gate"] as const).filter((key) => last[key] !== entry[key]);
          if (last.phase === entry.phase && last.phase === "canary") expect(changed).toHaveLength(1);
        }
      }),
    );
  });

  it("does not happen twice: what was taken back stays, and so does what has nothing behind it", () => {
    fc.assert(
      fc.property(settled, (release) => {
        const back = takenBack(release);
        if (release.phase === "rollback" || release[otherOf(release)] === undefined)
          expect(back).toBeUndefined();
        else expect(takenBack(back as Release)).toBeUndefined();
      }),
    );
  });

  it("leaves nothing of the canary behind", () => {
    const canary: Release = { ...withCandidate(FIRST, candidate, 5), override: "an outage at the provider" };
    for (const release of [promoted(canary), takenBack(canary)])
      expect(Object.keys(release ?? {}).sort()).toEqual(["active", "blue", "green", "phase"]);
  });
});

describe("a candidate", () => {
  const canary = withCandidate(FIRST, candidate, 5);

  it("comes into the other slot, without users, its first test asked for", () => {
    expect(canary).toEqual({
      phase: "canary",
      active: "blue",
      weight: 0,
      gate: 5,
      blue: FIRST.blue,
      green: candidate,
    });
    expect(otherOf(canary)).toBe(otherSlot("blue"));
  });

  it("has a share only while it is one", () => {
    expect(shareOf(canary)).toBe(0);
    expect(shareOf(withWeight(canary, 25))).toBe(25);
    expect(shareOf(promoted(withWeight(canary, 100)))).toBe(0);
    expect(shareOf({ phase: "canary", active: "blue" })).toBe(0);
  });
});
