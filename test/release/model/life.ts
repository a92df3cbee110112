import fc from "fast-check";
import type { Release } from "../../../infra/config/schema/releases.ts";
import { type Intent, planDeploy, type Subject, type Wanted } from "../../../release/model/plan.ts";
import { promoted, takenBack, withGate, withWeight } from "../../../release/model/states.ts";

/** A service behind a gateway, and its first release. */
export const FIRST: Release = {
  phase: "steady",
  active: "blue",
  blue: { release: "r1", image: "acme/api:1", config: { LOG_LEVEL: "info" } },
};

/** The service as the stack file has it, with variables that may have changed since its release. */
export function serviceWith(release: Release, level = "info"): Subject {
  return { name: "api", steps: [5, 25, 100], config: { LOG_LEVEL: level }, release };
}

/** What the driver may do next. */
type Move =
  | { readonly kind: "deploy"; readonly wanted: Wanted; readonly level: string }
  | { readonly kind: "step"; readonly share: number }
  | { readonly kind: "promote" | "go back" };

const wanted: fc.Arbitrary<Wanted> = fc.record(
  {
    image: fc.constantFrom("acme/api:1", "acme/api:2", "acme/api:3"),
    schema: fc.constantFrom({ min: 1, max: 2 }, { min: 2, max: 3 }),
  },
  { requiredKeys: ["image"] },
);

const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ kind: fc.constant("deploy" as const), wanted, level: fc.constantFrom("info", "debug") }),
  fc.record({ kind: fc.constant("step" as const), share: fc.constantFrom(5, 25, 100) }),
  fc.record({ kind: fc.constantFrom("promote" as const, "go back" as const) }),
);

/** The entry after a move; the same one where the driver would refuse, or has nothing to do. */
function after(release: Release, next: Move): Release {
  switch (next.kind) {
    case "deploy":
      return entryOf(planned(release, next)) ?? release;
    case "step": {
      const grows = release.phase === "canary" && next.share > (release.weight ?? 0);
      return grows ? withWeight(withGate(release, next.share), next.share) : release;
    }
    case "promote":
      return release.phase === "canary" && release.weight === 100 ? promoted(release) : release;
    case "go back":
      return takenBack(release) ?? release;
  }
}

function planned(release: Release, { wanted: image, level }: Move & { kind: "deploy" }): Intent | undefined {
  const isBusy = release.phase === "canary";
  return isBusy ? undefined : planDeploy(serviceWith(release, level), image);
}

/** Where an intent leads; undefined when there is nothing to do. */
export function entryOf(intent: Intent | undefined): Release | undefined {
  return intent === undefined || intent.kind === "nothing" ? undefined : intent.entry;
}

/** All entries that a service goes through by some moves, from its first release on. */
export const life: fc.Arbitrary<readonly Release[]> = fc
  .array(move, { minLength: 1, maxLength: 30 })
  .map((moves) => {
    const path = [FIRST];
    for (const next of moves) path.push(after(path.at(-1) ?? FIRST, next));
    return path;
  });
