import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UserError } from "../../../infra/lib/errors.ts";
import { SLOTS, type SlotName } from "../../../infra/lib/names.ts";
import { NoAnswer } from "../../../release/cluster.ts";
import { Audience } from "../../../release/drill/audience.ts";
import { DrilledFile } from "../../../release/drill/file.ts";
import { Home } from "../../../release/drill/home.ts";
import { Rehearsal } from "../../../release/drill/rehearsal.ts";
import type { Session } from "../../../release/driver/session.ts";
import { takenBack } from "../../../release/model/states.ts";
import { ChangedMeanwhile } from "../../../release/project.ts";
import type { Happening } from "../../../release/record.ts";
import { type Running, serve } from "../analysis/servers.ts";
import { type Stage, sandboxStage } from "./stage.ts";

const RELEASE: Record<SlotName, string> = { blue: "r1", green: "r2" };
const PACE = { quiet: 150, blind: 150 };
const AT_HOME = { blue: 0, green: 100 };

let stage: Stage;
let gateway: Running;
let before: string;
let tells: boolean;
let control: AbortController;
let happened: Happening[];
/** What comes in between, once something has happened. */
let meanwhile: (happening: Happening) => Promise<void>;
/** What the engine does instead of working; by the number of its run, from 1. */
let interfere: (run: number) => Promise<void>;
let audience: Audience;

beforeEach(async () => {
  tells = true;
  gateway = await serve(async (_, response) => {
    const weights = await stage.live("demo");
    const slot = SLOTS.find((each) => weights?.[each] === 100);
    if (tells && slot !== undefined) response.setHeader("x-slipway-release", RELEASE[slot]);
    response.statusCode = slot === undefined ? 503 : 200;
    response.end();
  });
  stage = await sandboxStage(gateway.port);
  before = await stage.text();
  control = new AbortController();
  happened = [];
  meanwhile = async () => {};
  interfere = async () => {};
});

afterEach(async () => {
  audience.leave();
  await gateway.stop();
  await stage.remove();
});

/** A session whose engine gives the cluster what the stack file says. */
function session(): Session {
  let runs = 0;
  return {
    add: async (happening: Happening) => {
      happened.push(happening);
      await meanwhile(happening);
    },
    status: () => {},
    engine: {
      up: async (_title: string, _report: unknown, signal: AbortSignal) => {
        await interfere(++runs);
        signal.throwIfAborted();
        await stage.apply("demo");
      },
    },
  } as unknown as Session;
}

interface Begun {
  readonly rehearsal: Rehearsal;
  readonly putBack: () => Promise<void>;
}

async function begin(): Promise<Begun> {
  const { project } = stage;
  const file = await DrilledFile.open(project, "demo");
  const back = takenBack(file.original);
  if (back === undefined) throw new Error("nothing to go back to");
  const { signal } = control;
  audience = await Audience.gather(project.service("demo"), project.config.gateway, signal, PACE);
  const own = session();
  const home = new Home(own, file);
  const rehearsal = new Rehearsal({ session: own, file, home, audience, back, signal });
  return { rehearsal, putBack: () => home.putBack(rehearsal.engineMoved, async () => {}) };
}

function moves() {
  return happened.flatMap((event) => (event.what === "drilled" ? [event.data] : []));
}

/** Does something the moment that one kind of thing has happened so many times. */
function after(count: number, what: Happening["what"], act: () => Promise<void>): void {
  meanwhile = async (happening) => {
    const sofar = happened.filter((each) => each.what === what).length;
    if (happening.what === what && sofar === count) await act();
  };
}

/** Aborts, as Ctrl-C does, once something has happened. */
function stopAfter(count: number, what: Happening["what"]): void {
  after(count, what, async () => control.abort(new Error("Ctrl-C")));
}

describe("a drill", () => {
  it("goes both ways there and back, measures each, and leaves everything as it was", async () => {
    const { rehearsal } = await begin();
    await rehearsal.run();
    expect(moves().map(({ way, from, to }) => `${way} ${from} ${to}`)).toEqual([
      "emergency r2 r1",
      "emergency r1 r2",
      "planned r2 r1",
      "planned r1 r2",
    ]);
    for (const move of moves()) {
      expect(move).toMatchObject({ service: "demo", seconds: expect.any(Number), failed: 0 });
      expect(move.secondsToLastAnswer).toBeGreaterThanOrEqual(0);
      expect(move.requests).toBeGreaterThan(0);
    }
    expect(await stage.text()).toBe(before);
    expect(await stage.live("demo")).toEqual(AT_HOME);
    expect(happened.at(-1)).toEqual({
      what: "note",
      data: { text: "verified: blue 0 / green 100, as before the drill" },
    });
  });

  it("measures the commands alone where answers do not tell their release, and says so", async () => {
    tells = false;
    const { rehearsal } = await begin();
    await rehearsal.run();
    expect(happened[0]).toMatchObject({
      what: "note",
      data: { text: expect.stringContaining("do not name their release in x-slipway-release") },
    });
    expect(moves()).toHaveLength(4);
    for (const move of moves()) expect(move).not.toHaveProperty("secondsToLastAnswer");
    expect(await stage.live("demo")).toEqual(AT_HOME);
  });

  it("does not begin where users get another release than the stack file says", async () => {
    RELEASE.green = "r9";
    try {
      await expect(begin()).rejects.toThrow("answers come from r9; by the stack file r2 has all users");
    } finally {
      RELEASE.green = "r2";
    }
    expect(stage.cluster.calls.filter((call) => call.startsWith("patch"))).toEqual([]);
  });
});

describe("a drill that is stopped", () => {
  it.each<[string, number, Happening["what"]]>([
    ["after the first emergency move", 1, "traffic"],
    ["between the emergency moves", 1, "drilled"],
    ["after the emergency moves", 2, "drilled"],
    ["after the planned rollback", 3, "traffic"],
  ])("%s is put back", async (_, count, what) => {
    const { rehearsal, putBack } = await begin();
    stopAfter(count, what);
    await expect(rehearsal.run()).rejects.toThrow();
    await putBack();
    expect(await stage.live("demo")).toEqual(AT_HOME);
    expect(await stage.text()).toBe(before);
  });

  it("by a failing engine gives users theirs back before the engine is asked again", async () => {
    interfere = async (run) => {
      if (run === 2) throw new UserError({ what: "quota exceeded" });
      if (run === 3) expect(await stage.live("demo")).toEqual(AT_HOME);
    };
    const { rehearsal, putBack } = await begin();
    await expect(rehearsal.run()).rejects.toThrow("quota exceeded");
    expect(await stage.live("demo")).toEqual({ blue: 100, green: 0 });
    await putBack();
    expect(await stage.live("demo")).toEqual(AT_HOME);
    expect(await stage.text()).toBe(before);
  });

  it("tries again until the cluster answers", async () => {
    const { rehearsal, putBack } = await begin();
    stopAfter(1, "traffic");
    await expect(rehearsal.run()).rejects.toThrow();
    let outages = 3;
    stage.cluster.interfere = async (verb) => {
      if (verb === "patch" && outages-- > 0) throw new NoAnswer({ what: "connection refused" });
    };
    await putBack();
    expect(await stage.live("demo")).toEqual(AT_HOME);
  });

  it("leaves users where a rollback in earnest has put them meanwhile", async () => {
    const { rehearsal, putBack } = await begin();
    stopAfter(1, "drilled");
    await expect(rehearsal.run()).rejects.toThrow();
    await stage.rollBack("demo");
    await expect(putBack()).rejects.toThrow(ChangedMeanwhile);
    expect(await stage.live("demo")).toEqual({ blue: 100, green: 0 });
    expect(await stage.text()).toContain("phase: rollback");
  });
});

it.each<[string, number]>([
  ["emergency", 1],
  ["planned", 3],
])("does not go on against a rollback in earnest that comes during the %s one", async (_, count) => {
  const { rehearsal } = await begin();
  after(count, "traffic", () => stage.rollBack("demo"));
  await expect(rehearsal.run()).rejects.toThrow(ChangedMeanwhile);
  expect(await stage.live("demo")).toEqual({ blue: 100, green: 0 });
  expect(await stage.text()).toContain("phase: rollback");
});
