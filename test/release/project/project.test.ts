import { chmod, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Release } from "../../../infra/config/schema/releases.ts";
import { paths } from "../../../machine/paths.ts";
import { promoted, takenBack, withCandidate, withGate, withWeight } from "../../../release/model/states.ts";
import { ChangedMeanwhile, Project } from "../../../release/project.ts";
import { productionStage, type Stage, sandboxStage } from "../drill/stage.ts";

const r3 = { release: "r3", image: "slipway.local/demo:r3" };

let stage: Stage;

beforeEach(async () => {
  stage = await sandboxStage();
});
afterEach(() => stage.remove());

function entry(service = "demo"): Release {
  return stage.project.service(service).release;
}

function back(): Release {
  return takenBack(entry()) as Release;
}

/** Somebody else writes the file. */
async function meanwhile(from: string | RegExp, to: string): Promise<string> {
  const text = (await stage.text()).replace(from, to);
  await stage.write(text);
  return text;
}

describe("opening a stack", () => {
  it.each([
    ["sandbox", "run npm start first"],
    ["production", "name a stack with --stack"],
  ])("without a file says what to do: %s", async (stack, remedy) => {
    const place = { folder: join(stage.project.place.folder, "nowhere"), stack, env: {} };
    await expect(Project.open(place, paths())).rejects.toThrow(
      `Pulumi.${stack}.yaml: there is no such stack file\n  -> ${remedy}`,
    );
  });

  it("tells all faults of its file", async () => {
    await meanwhile("phase: steady", "phase: steddy\n      weigth: 5");
    const opened = Project.open(stage.project.place, paths());
    await expect(opened).rejects.toThrow(/phase[\s\S]*weigth|weigth[\s\S]*phase/);
  });

  it("knows its services, and the nearest to one that it does not have", () => {
    expect(stage.project.service("demo").namespace).toBe("demo-sandbox");
    expect(() => stage.project.service("demmo")).toThrow(
      'Pulumi.sandbox.yaml: the stack has no service "demmo"\n  -> did you mean "demo"?',
    );
  });
});

describe("saving an entry", () => {
  it("writes it, keeps the file's mode, and leaves no other file", async () => {
    await chmod(stage.project.file, 0o640);
    await stage.project.save({ demo: back() });
    expect(entry()).toMatchObject({ phase: "rollback", active: "blue" });
    expect(await stage.text()).toContain("phase: rollback");
    expect((await stat(stage.project.file)).mode & 0o777).toBe(0o640);
    expect(await readFile(stage.project.file, "utf8")).toBe(await stage.text());
  });

  it("keeps what somebody else has changed elsewhere", async () => {
    await meanwhile("retention: 6h", "retention: 7h");
    await stage.project.save({ demo: back() });
    expect(await stage.text()).toContain("retention: 7h");
    expect(stage.project.config.monitoring.prometheus.retention).toEqual({ milliseconds: 7 * 3_600_000 });
  });

  it("does not write over what somebody else has made of the same entry", async () => {
    const theirs = await meanwhile(/slipway\.local\/demo:r2\b/, "slipway.local/demo:r4");
    await expect(stage.project.save({ demo: back() })).rejects.toThrow(ChangedMeanwhile);
    expect(await stage.text()).toBe(theirs);
    expect(await stage.project.changed(["demo"])).toEqual(["demo"]);
    await stage.project.reload();
    expect(await stage.project.changed(["demo"])).toEqual([]);
    expect(entry().green?.image).toBe("slipway.local/demo:r4");
  });

  it("that is no state for slots is refused, and nothing is written", async () => {
    const before = await stage.text();
    const empty: Release = { phase: "canary", active: "green", weight: 5, green: r3 };
    await expect(stage.project.save({ demo: empty })).rejects.toThrow(
      "5 % of the traffic would go to blue, which is empty",
    );
    await expect(stage.project.check({ demo: empty })).rejects.toThrow("blue, which is empty");
    expect(await stage.text()).toBe(before);
  });

  it("may be tried without writing", async () => {
    const before = await stage.text();
    await stage.project.check({ demo: back() });
    expect(await stage.text()).toBe(before);
    expect(entry().phase).toBe("steady");
  });
});

describe("an order of changes that is not allowed", () => {
  const candidate = { release: "r42", image: `ghcr.io/acme/paws360-frontend@sha256:${"a".repeat(64)}` };
  const name = "paws360-frontend";

  beforeEach(async () => {
    await stage.remove();
    stage = await productionStage();
  });

  /** Comes to a state by the right way. */
  async function at(...states: readonly ((release: Release) => Release)[]): Promise<void> {
    for (const next of states) await stage.project.save({ [name]: next(entry(name)) });
  }
  const start = (release: Release) => withCandidate(release, candidate, 5);
  const to = (share: number) => (release: Release) => withWeight(withGate(release, share), share);

  it.each<[string, readonly ((release: Release) => Release)[], (release: Release) => Release, string]>([
    [
      "all users at once",
      [],
      (r) => ({ ...start(r), gate: 100, weight: 100 }),
      "green would go from 0 % to 100 % in production; the next step is 5 %",
    ],
    [
      "a skipped step",
      [start, to(5)],
      to(100),
      "green would go from 5 % to 100 % in production; the next step is 25 %",
    ],
    [
      "a promotion from the first step",
      [start, to(5)],
      promoted,
      "green would go from 5 % to 100 % in production; the next step is 25 %",
    ],
    [
      "a test ahead of its time",
      [start],
      (r) => withGate(r, 100),
      "r42 was tested for 5 % and would be tested for 100 % in production; the next step is 25 %",
    ],
    [
      "a share without a test",
      [start],
      (r) => withWeight(withGate(r, 5), 25),
      "found 5, below the weight: 25 % of the traffic would go where only 5 % were tested for",
    ],
    ["a share that is no step", [start], to(30), "found 30, which is not a step"],
    [
      "another image under users",
      [start, to(5)],
      (r) => ({ ...r, green: { ...candidate, image: candidate.image.replace("a", "b") } }),
      "green serves 5 % of the traffic: its image cannot change",
    ],
    ["an empty slot as target", [start], ({ green: _, ...r }) => r, "phase canary, but green has no release"],
    [
      "a rollback with nothing to go back from",
      [],
      ({ green: _, ...r }) => ({ ...r, phase: "rollback" }),
      "phase rollback, but green has no release to go back from",
    ],
    [
      "the same release twice",
      [],
      (r) => ({ ...start(r), green: r.blue }),
      "the candidate is r41, which is active in blue already",
    ],
  ])("%s", async (_, way, wrong, what) => {
    await at(...way);
    const before = await stage.text();
    await expect(stage.project.save({ [name]: wrong(entry(name)) })).rejects.toThrow(what);
    expect(await stage.text()).toBe(before);
  });

  it("the right order is: test, share, and so on, and back from anywhere", async () => {
    await at(start, to(5), to(25), to(100), promoted, (r) => takenBack(r) as Release);
    expect(entry(name)).toMatchObject({ phase: "rollback", active: "blue" });
  });

  it("a reason allows what is skipped", async () => {
    await at((r) => ({ ...start(r), gate: 100, weight: 100, override: "the old one leaks data" }));
    expect(entry(name).weight).toBe(100);
  });
});

describe("writing over whatever there is: the way back", () => {
  it("wins over what somebody else has made of the entry", async () => {
    await meanwhile(/slipway\.local\/demo:r2\b/, "slipway.local/demo:r4");
    await stage.project.overwrite({ demo: back() });
    expect(await stage.text()).toContain("phase: rollback");
    expect(await stage.project.changed(["demo"])).toEqual([]);
  });

  it("waits for its time, and takes up what came meanwhile", async () => {
    const before = await stage.text();
    const time = Promise.withResolvers<void>();
    const written = stage.project.overwrite({ demo: back() }, time.promise);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await stage.text()).toBe(before);
    expect(entry().phase).toBe("steady");
    await meanwhile("retention: 6h", "retention: 7h");
    time.resolve();
    await written;
    expect(await stage.text()).toContain("phase: rollback");
    expect(await stage.text()).toContain("retention: 7h");
    expect(stage.project.config.monitoring.prometheus.retention).toEqual({ milliseconds: 7 * 3_600_000 });
  });

  it("never happens when its time does not come", async () => {
    const before = await stage.text();
    const never = Promise.reject(new Error("no ready pod"));
    await expect(stage.project.overwrite({ demo: back() }, never)).rejects.toThrow("no ready pod");
    expect(await stage.text()).toBe(before);
    expect(entry().phase).toBe("steady");
  });

  it("is told when the file is gone", async () => {
    await rm(stage.project.file);
    await expect(stage.project.overwrite({ demo: back() })).rejects.toThrow("ENOENT");
  });
});

it("knows which of the file's keys are secrets", async () => {
  await stage.remove();
  stage = await productionStage();
  expect(await stage.project.secretKeys()).toContain("slipway:secret-paws360-frontend-session-secret");
});
