import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Release } from "../../../infra/config/schema/releases.ts";
import { Failed, Run } from "../../../release/driver/run.ts";
import { stepThrough } from "../../../release/driver/steps.ts";
import { shareOf, withCandidate, withGate, withWeight } from "../../../release/model/states.ts";
import type { Entries } from "../../../release/project.ts";
import { productionStage, type Stage, sandboxStage } from "../drill/stage.ts";
import { type Rig, rigOf } from "./rig.ts";

const PARTS = ["paws360-backend", "paws360-frontend"];

let rig: Rig;
let run: Run;
/** Each run of the engine: what for, and what the stack file says of the releases then. */
let ups: string[];
/** What watching a service comes to; at a share of its candidate. */
let verdict: (service: string, share: number, stop: AbortSignal) => Promise<void>;
/** Everybody who was watched, at which share. */
let watched: string[];

afterEach(async () => {
  vi.restoreAllMocks();
  await rig.remove();
});

async function begin(stage: Promise<Stage>): Promise<void> {
  rig = rigOf(await stage);
  const report = {
    add: async (happening: Rig["happened"][number]) => void rig.happened.push(happening),
    status: () => {},
  };
  const { project, engine, prometheus, control } = rig;
  run = new Run({ project, engine, prometheus, report, signal: control.signal });
  verdict = async () => {};
  ups = [];
  watched = [];
  rig.trouble = async (title) => {
    ups.push(
      `${title} | ${project.services
        .map(({ name, release }) => stateOf(name, release))
        .filter(Boolean)
        .join("; ")}`,
    );
  };
  vi.spyOn(run, "watch").mockImplementation(async ({ name, release }, stop) => {
    watched.push(`${name} ${shareOf(release)}`);
    await verdict(name, shareOf(release), stop);
  });
}

/** Of what is on its way or has come: `canary 5/25` is weight and gate. */
function stateOf(name: string, { phase, weight, gate, active }: Release): string | undefined {
  if (phase === "canary") return `${name} ${weight}/${gate}`;
  return name === "demo" || active === "green" ? `${name} ${phase} ${active}` : undefined;
}

function demo(): Release {
  return rig.project.service("demo").release;
}

const r3 = { release: "r3", image: "slipway.local/demo:r3" };

describe("one service", () => {
  beforeEach(() => begin(sandboxStage()));

  it("goes from test to share to verdict, and each run of the engine has one thing to change", async () => {
    await stepThrough(run, { demo: withCandidate(demo(), r3, 5) });
    expect(ups).toEqual([
      "r3 of demo into blue | demo 0/5",
      "5 % of the traffic | demo 5/5",
      "smoke test before 25 % | demo 5/25",
      "25 % of the traffic | demo 25/25",
      "smoke test before 100 % | demo 25/100",
      "100 % of the traffic | demo 100/100",
      "promote | demo steady blue",
    ]);
    expect(watched).toEqual(["demo 5", "demo 25", "demo 100"]);
    expect(demo()).toMatchObject({ phase: "steady", active: "blue", blue: r3 });
    expect(rig.happened.flatMap((event) => (event.what === "traffic" ? event.data.weight : []))).toEqual([
      5, 25, 100,
    ]);
  });

  it("gives nobody the next share before the verdict on this one", async () => {
    verdict = async (_, share) => {
      expect((await rig.live("demo"))?.blue).toBe(share);
      if (share === 25) throw new Failed("latency", "demo r3 at 25 %: fail: slow");
    };
    await expect(stepThrough(run, { demo: withCandidate(demo(), r3, 5) })).rejects.toThrow("slow");
    expect(ups.at(-1)).toBe("25 % of the traffic | demo 25/25");
    expect(await rig.live("demo")).toEqual({ blue: 25, green: 75 });
  });

  it("that was interrupted goes on at its share, after its pods are up and it has proven itself there again", async () => {
    const canary = withWeight(withCandidate(demo(), r3, 5), 5);
    await rig.project.save({ demo: canary });
    await stepThrough(run, { demo: canary });
    expect(ups.slice(0, 2)).toEqual([
      "r3 of demo into blue | demo 5/5",
      "smoke test before 25 % | demo 5/25",
    ]);
    expect(watched).toEqual(["demo 5", "demo 25", "demo 100"]);
    expect(rig.happened.flatMap((event) => (event.what === "traffic" ? event.data.weight : []))).toEqual([
      5, 25, 100,
    ]);
  });

  it("that was interrupted after a test does not run that test again", async () => {
    const canary = withGate(withWeight(withCandidate(demo(), r3, 5), 5), 25);
    await rig.project.save({ demo: canary });
    await stepThrough(run, { demo: canary });
    expect(ups.slice(0, 2)).toEqual(["r3 of demo into blue | demo 5/25", "25 % of the traffic | demo 25/25"]);
  });

  it("that was interrupted with all users is promoted when it has proven itself", async () => {
    const canary = withWeight(withCandidate(demo(), r3, 100), 100);
    await rig.project.save({ demo: canary });
    await stepThrough(run, { demo: canary });
    expect(ups).toEqual(["r3 of demo into blue | demo 100/100", "promote | demo steady blue"]);
    expect(watched).toEqual(["demo 100"]);
  });

  it("writes nothing any more once it is stopped", async () => {
    verdict = async () => rig.control.abort(new Error("Ctrl-C"));
    await expect(stepThrough(run, { demo: withCandidate(demo(), r3, 5) })).rejects.toThrow("Ctrl-C");
    expect(demo()).toMatchObject({ phase: "canary", weight: 5, gate: 5 });
    expect(ups).toHaveLength(2);
  });
});

describe("a group", () => {
  beforeEach(() => begin(productionStage()));

  function entries(weights: readonly number[] = [0, 0]): Entries {
    return Object.fromEntries(
      PARTS.map((name, index) => {
        const { release } = rig.project.service(name);
        const image = `ghcr.io/acme/${name}@sha256:${"b".repeat(64)}`;
        const { schema } = release.blue ?? {};
        const canary = withCandidate(release, { release: "r42", image, ...(schema && { schema }) }, 5);
        return [name, withWeight(canary, weights[index] ?? 0)];
      }),
    );
  }

  it("moves as one: no part gets a share before all have proven themselves at the one before", async () => {
    await stepThrough(run, entries());
    expect(
      ups.map((text) => text.split(" | ")[1]).filter((text) => !text?.includes("demo steady green")),
    ).toEqual([
      "demo steady blue; paws360-backend 0/5; paws360-frontend 0/5",
      "demo steady blue; paws360-backend 5/5; paws360-frontend 5/5",
      "demo steady blue; paws360-backend 5/25; paws360-frontend 5/25",
      "demo steady blue; paws360-backend 25/25; paws360-frontend 25/25",
      "demo steady blue; paws360-backend 25/100; paws360-frontend 25/100",
      "demo steady blue; paws360-backend 100/100; paws360-frontend 100/100",
      "demo steady blue; paws360-backend steady green; paws360-frontend steady green",
    ]);
  });

  it("fails as a whole when one part fails, without waiting for the verdict on the other", async () => {
    let stopped: unknown;
    verdict = async (name, _, stop) => {
      if (name === PARTS[1]) throw new Failed("errors", "paws360-frontend r42 at 5 %: fail");
      await new Promise((resolve) => stop.addEventListener("abort", resolve));
      stopped = stop.reason;
      throw stop.reason;
    };
    await expect(stepThrough(run, entries())).rejects.toThrow("paws360-frontend r42 at 5 %: fail");
    expect(stopped).toBeInstanceOf(Failed);
    expect(ups).toHaveLength(2);
  });

  it("that was interrupted with its parts apart brings the one behind up first", async () => {
    await rig.project.save(entries());
    await rig.project.save(entries([5, 0]));
    await stepThrough(run, entries([5, 0]));
    expect(watched.slice(0, 3)).toEqual(["paws360-backend 5", "paws360-backend 5", "paws360-frontend 5"]);
    expect(ups[1]).toContain("paws360-backend 5/5; paws360-frontend 5/5");
  });
});
