import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Release } from "../../../infra/config/schema/releases.ts";
import { InProgress, planDeploy, sharesOf, stepAt, type Wanted } from "../../../release/model/plan.ts";
import { otherOf, promoted, takenBack, withWeight } from "../../../release/model/states.ts";
import { faultsOf } from "../../support/faults.ts";
import { entryOf, FIRST, life, serviceWith } from "./life.ts";

const SECOND: Wanted = { image: "acme/api:2" };

/** The entry that a deploy begins with. */
function begun(release: Release, wanted: Wanted = SECOND, level?: string): Release {
  const entry = entryOf(planDeploy(serviceWith(release, level), wanted));
  if (entry === undefined) throw new Error("nothing to do");
  return entry;
}

function candidateOf(entry: Release) {
  return entry[otherOf(entry)];
}

describe("running again", () => {
  const idle = life.map((path) => path.at(-1) ?? FIRST).filter(({ phase }) => phase !== "canary");

  it("has nothing to do once the release is with all users", () => {
    fc.assert(
      fc.property(idle, fc.constantFrom("acme/api:1", "acme/api:2", "acme/api:3"), (release, image) => {
        const entry = entryOf(planDeploy(serviceWith(release), { image }));
        const after = entry === undefined ? release : promoted(entry);
        expect(planDeploy(serviceWith(after), { image }).kind).toBe("nothing");
      }),
    );
  });

  it("goes on where an interrupted run stopped, with the same entry", () => {
    fc.assert(
      fc.property(idle, fc.constantFrom(0, 5, 25, 100), (release, weight) => {
        const canary = withWeight(begun(release, { image: "acme/api:4" }), weight);
        expect(planDeploy(serviceWith(canary, "debug"), { image: "acme/api:4" })).toEqual({
          kind: "resume",
          entry: canary,
        });
      }),
    );
  });

  it("says what runs where, when that is what is wanted", () => {
    expect(planDeploy(serviceWith(FIRST), { image: "acme/api:1" })).toEqual({
      kind: "nothing",
      why: "api runs r1 (acme/api:1) already, in blue",
    });
  });

  it("forth and back between two versions is a release each time, but for the version that runs", () => {
    const second = promoted(begun(FIRST));
    const back = takenBack(second) as Release;
    expect(planDeploy(serviceWith(back), { image: "acme/api:1" }).kind).toBe("nothing");
    expect(candidateOf(begun(back))).toMatchObject({ release: "r3", image: "acme/api:2" });
    expect(candidateOf(begun(second, { image: "acme/api:1" }))).toMatchObject({ release: "r3" });
  });
});

describe("while another release is on its way", () => {
  const canary = withWeight(begun(FIRST), 25);

  it.each<[string, Wanted]>([
    ["another image", { image: "acme/api:3" }],
    ["the same image under another name", { ...SECOND, release: "hotfix" }],
    ["the image that runs", { image: "acme/api:1" }],
  ])("%s is refused, saying what is on its way and both ways to end that", (_, wanted) => {
    expect(() => planDeploy(serviceWith(canary), wanted)).toThrow(InProgress);
    expect(faultsOf(() => planDeploy(serviceWith(canary), wanted))).toEqual([
      "slipway:releases.api: r2 (acme/api:2) is on its way with 25 % of the traffic\n" +
        "  -> finish it (slipway release promote api) or take it back (slipway release rollback api) first",
    ]);
  });

  it("the same image under the same name goes on", () => {
    expect(planDeploy(serviceWith(canary), { ...SECOND, release: "r2" }).kind).toBe("resume");
  });
});

describe("a release's name", () => {
  it("is the next of its series, whatever was taken back", () => {
    expect(candidateOf(begun(FIRST))?.release).toBe("r2");
    const back = takenBack(promoted(begun(FIRST))) as Release;
    expect(candidateOf(begun(back, { image: "acme/api:3" }))?.release).toBe("r3");
  });

  it("begins a series where the others have names of their own", () => {
    const named = { ...FIRST, blue: { release: "hotfix-7", image: "acme/api:1" } };
    expect(candidateOf(begun(named))?.release).toBe("r1");
  });

  it("is the wanted one, unless it runs with something else", () => {
    expect(candidateOf(begun(FIRST, { ...SECOND, release: "hotfix" }))?.release).toBe("hotfix");
    expect(faultsOf(() => planDeploy(serviceWith(FIRST), { ...SECOND, release: "r1" }))).toEqual([
      "release r1: api runs a release of that id, with another image or other variables\n" +
        "  -> choose another --release, or leave it out",
    ]);
  });
});

describe("variables", () => {
  it("of the running release stay under its users, and the candidate gets today's", () => {
    const old: Release = { phase: "steady", active: "blue", blue: { release: "r1", image: "acme/api:1" } };
    const entry = begun(old, SECOND, "debug");
    // One that never had its own runs with what the stack file says up to now.
    expect(entry.blue?.config).toEqual({ LOG_LEVEL: "debug" });
    expect(begun(FIRST, SECOND, "debug").blue?.config).toEqual({ LOG_LEVEL: "info" });
    expect(entry.green?.config).toEqual({ LOG_LEVEL: "debug" });
  });

  it("that changed are reason enough for a release of the same image", () => {
    const entry = begun(FIRST, { image: "acme/api:1" }, "debug");
    expect(entry.green).toEqual({ release: "r2", image: "acme/api:1", config: { LOG_LEVEL: "debug" } });
  });
});

it("has the reason with it for which it goes on, until it is the service's version", () => {
  const entry = begun(FIRST, { ...SECOND, override: "r1 never came up" });
  expect(entry.override).toBe("r1 never came up");
  expect(withWeight(entry, 5).override).toBe("r1 never came up");
  expect(promoted(entry)).not.toHaveProperty("override");
  expect(begun(FIRST)).not.toHaveProperty("override");
});

describe("the schemas that a release works with", () => {
  const known = { ...FIRST, green: { release: "r0", image: "acme/api:2", schema: { min: 3, max: 4 } } };

  it("are kept where its image has been here before", () => {
    expect(candidateOf(begun(known))?.schema).toEqual({ min: 3, max: 4 });
  });

  it("are the given ones otherwise, or none", () => {
    expect(candidateOf(begun(known, { ...SECOND, schema: { min: 5, max: 5 } }))?.schema).toEqual({
      min: 5,
      max: 5,
    });
    expect(candidateOf(begun(FIRST))).not.toHaveProperty("schema");
  });
});

describe("the steps of a group", () => {
  const steps = fc
    .uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 5 })
    .map((list) => ({ steps: [...list.sort((a, b) => a - b), 100] }));
  const group = fc.array(steps, { minLength: 1, maxLength: 4 });

  it("rise, name no share twice, and end with all users", () => {
    fc.assert(
      fc.property(group, (services) => {
        const shares = sharesOf(services);
        expect(shares).toEqual([...new Set(shares)].sort((a, b) => a - b));
        expect(shares.at(-1)).toBe(100);
      }),
    );
  });

  it("take each service through all of its own steps, never beyond the group's share", () => {
    fc.assert(
      fc.property(group, (services) => {
        for (const service of services) {
          const own = sharesOf(services).map((share) => stepAt(service, share));
          expect(own.filter((step, index) => step !== own[index - 1] && step > 0)).toEqual(service.steps);
          for (const [index, share] of sharesOf(services).entries())
            expect(own[index]).toBeLessThanOrEqual(share);
        }
      }),
    );
  });

  it("leave a service without users before its first", () => {
    expect(stepAt({ steps: [25, 100] }, 5)).toBe(0);
  });
});
