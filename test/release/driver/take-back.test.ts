import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SlotName } from "../../../infra/lib/names.ts";
import { trafficPatch } from "../../../infra/slots/model/traffic.ts";
import { NoAnswer, Refused } from "../../../release/cluster.ts";
import {
  checkTargets,
  holding,
  moveBack,
  onItsWay,
  record,
  wayBack,
} from "../../../release/driver/take-back.ts";
import { withCandidate, withGate, withWeight } from "../../../release/model/states.ts";
import { productionStage, sandboxStage } from "../drill/stage.ts";
import { liveDeployment } from "../preflight/live-objects.ts";
import { type Rig, rigOf } from "./rig.ts";

const HOME = { blue: 0, green: 100 };
const BACK = { blue: 100, green: 0 };
const PARTS = ["paws360-backend", "paws360-frontend"];

let rig: Rig;

beforeEach(async () => {
  rig = rigOf(await sandboxStage());
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rig.remove();
});

const report = {
  add: async (happening: Rig["happened"][number]) => void rig.happened.push(happening),
  status: () => {},
};

function way() {
  return { project: rig.project, engine: rig.engine, report, signal: rig.control.signal };
}

/** Gives a slot so many ready pods, of an image. */
function pods(slot: SlotName, readyReplicas: number, image?: string, name = "demo"): void {
  const found = liveDeployment(rig.project.service(name), slot);
  const spec =
    image === undefined ? found.spec : { ...found.spec, template: { spec: { containers: [{ image }] } } };
  rig.cluster.put({ ...found, spec, status: { ...found.status, readyReplicas } } as typeof found);
}

async function goBack(names: readonly string[] = ["demo"]): Promise<void> {
  await moveBack(way(), wayBack(rig.project, names));
}

/** Production with both parts of its system on the way, at a share. */
async function group(weight: number): Promise<void> {
  await rig.remove();
  vi.restoreAllMocks();
  rig = rigOf(await productionStage());
  for (const name of PARTS) {
    const { release } = rig.project.service(name);
    const image = `ghcr.io/acme/${name}@sha256:${"a".repeat(64)}`;
    const schema = release.blue?.schema;
    const candidate = { release: "r42", image, ...(schema && { schema }) };
    let entry = withCandidate(release, candidate, 5);
    await rig.project.save({ [name]: entry });
    for (const step of [5, 25].filter((share) => share <= weight)) {
      entry = withWeight(withGate(entry, step), step);
      await rig.project.save({ [name]: entry });
    }
  }
  await rig.engine.up("canary", report, rig.control.signal);
  rig.effects.length = 0;
}

describe("where users would go back to", () => {
  it("is the version before, for each service that has one", async () => {
    await group(5);
    expect(Object.keys(wayBack(rig.project, [...PARTS, "demo"]))).toEqual(PARTS);
    expect(wayBack(rig.project, PARTS)[PARTS[0] ?? ""]).toMatchObject({ phase: "rollback", active: "blue" });
    expect(onItsWay(rig.project, ["demo", ...PARTS])).toEqual(PARTS);
  });

  it.each<[string, () => void, string]>([
    [
      "has no ready pod, while the other one has",
      () => pods("blue", 0),
      "r1 in blue has no ready pod to go back to; r2 in green has 2 and keeps the traffic",
    ],
    [
      "runs another image than the stack file says",
      () => pods("blue", 2, "slipway.local/demo:r7"),
      "blue runs slipway.local/demo:r7; the stack file says slipway.local/demo:r1, so it does not know what runs",
    ],
  ])("refuses one that %s: nothing is changed", async (_, prepare, what) => {
    const before = await rig.text();
    prepare();
    await expect(goBack()).rejects.toThrow(what);
    expect(await rig.text()).toBe(before);
    expect(rig.effects).toEqual([]);
    expect(await rig.live("demo")).toEqual(HOME);
    expect(rig.happened).toEqual([]);
  });

  it("may be as dead as what users have now: it is no worse", async () => {
    pods("blue", 0);
    pods("green", 0);
    await goBack();
    expect(await rig.live("demo")).toEqual(BACK);
  });

  it("may run anything where most users are there still", async () => {
    await group(5);
    const [name = ""] = PARTS;
    pods("blue", 4, "ghcr.io/acme/hotfix:1", name);
    await checkTargets(way(), wayBack(rig.project, [name]));
  });

  it("is refused for the whole group when one part has nothing there", async () => {
    await group(25);
    const before = await rig.text();
    pods("blue", 0, undefined, PARTS[1]);
    await expect(goBack(PARTS)).rejects.toThrow(
      "paws360-frontend in paws360-production: r41 in blue has no ready pod",
    );
    expect(await rig.text()).toBe(before);
    expect(rig.effects).toEqual([]);
  });
});

describe("moving back", () => {
  it("writes the stack file, then moves the traffic by one PATCH", async () => {
    await goBack();
    expect(rig.effects).toEqual(["traffic of demo, the file says rollback"]);
    expect(await rig.live("demo")).toEqual(BACK);
    expect(rig.happened).toEqual([{ what: "traffic", data: { service: "demo", slot: "blue", weight: 100 } }]);
  });

  it("does so for each part of a group, after one write", async () => {
    await group(25);
    await goBack(PARTS);
    expect(rig.effects.toSorted()).toEqual(
      PARTS.map((name) => `traffic of ${name}, the file says steady, rollback, rollback`),
    );
    for (const name of PARTS) expect(await rig.live(name)).toEqual(BACK);
  });

  it("moves nothing when the file cannot be written: somebody has broken it", async () => {
    await rig.write((await rig.text()).replace("retention: 6h", "retention: 6 years"));
    await expect(goBack()).rejects.toThrow("retention");
    expect(rig.effects).toEqual([]);
    expect(await rig.live("demo")).toEqual(HOME);
  });

  it("tries again for as long as the cluster does not answer, in either part", async () => {
    let outages = 4;
    rig.outage = async () => {
      if (outages-- > 0) throw new NoAnswer({ what: "connection refused" });
    };
    await goBack();
    expect(await rig.live("demo")).toEqual(BACK);

    await rig.project.save({
      demo: { ...rig.project.service("demo").release, phase: "steady", active: "green" },
    });
    await rig.apply("demo");
    let refusals = 3;
    rig.outage = async (verb) => {
      if (verb === "patch" && refusals-- > 0) throw new Refused("Conflict", "has been modified");
    };
    await goBack();
    expect(await rig.live("demo")).toEqual(BACK);
  });

  it("ends with an answer that is no, and the file says where users were meant to go", async () => {
    rig.outage = async (verb) => {
      if (verb === "patch") throw new Refused("Forbidden", "not yours");
    };
    await expect(goBack()).rejects.toThrow("not yours");
    expect(await rig.text()).toContain("phase: rollback");
  });

  it("changes nothing when it is stopped before", async () => {
    const before = await rig.text();
    rig.outage = async () => {
      rig.control.abort(new Error("Ctrl-C"));
      throw new NoAnswer({ what: "connection refused" });
    };
    await expect(goBack()).rejects.toThrow("Ctrl-C");
    rig.outage = async () => {};
    expect(await rig.text()).toBe(before);
    expect(await rig.live("demo")).toEqual(HOME);
  });

  it("says that only the engine can mend a route of another shape", async () => {
    await rig.cluster.delete(trafficPatch(rig.project.service("demo"), HOME).object);
    await goBack();
    expect(rig.notes()).toEqual([expect.stringContaining("the engine will mend it")]);
  });
});

describe("recording", () => {
  async function recorded(): Promise<string[]> {
    await record(way(), ["demo"]);
    return rig.notes();
  }

  it("brings the engine up, and looks at what came of it", async () => {
    await goBack();
    expect(await recorded()).toEqual(["verified: demo has blue 100 / green 0, 2 pods of r1 ready"]);
    expect(rig.effects.at(-1)).toBe("up: record the way back");
  });

  it("says so when it is not as it should be", async () => {
    await goBack();
    const { object, operations } = trafficPatch(rig.project.service("demo"), HOME);
    const up = rig.engine.up.bind(rig.engine);
    rig.engine.up = async (...parts) => {
      await up(...parts);
      await rig.cluster.patch(object, operations);
    };
    expect(await recorded()).toEqual([
      expect.stringMatching(/^demo is not as it should be: .* 2 pods of r1 ready$/),
    ]);
  });
});

it("holds the traffic while something else is done, against an engine that a stopped run left behind", async () => {
  await goBack();
  const { object, operations } = trafficPatch(rig.project.service("demo"), HOME);
  const result = await holding(way(), ["demo"], async () => {
    await rig.cluster.patch(object, operations);
    await expect.poll(() => rig.live("demo"), { timeout: 5_000 }).toEqual(BACK);
    return "done";
  });
  expect(result).toBe("done");
  expect(rig.notes()).toEqual([
    expect.stringContaining("changed past Slipway (blue 0 / green 100 instead of blue 100"),
  ]);
});
