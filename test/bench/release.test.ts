import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { argoPlace } from "../../bench/peers/argo-tool.ts";
import { HELM } from "../../bench/peers/helm-tool.ts";
import { breakdown, sharesOf } from "../../bench/release/breakdown.ts";
import { errorsMet, lostRequests } from "../../bench/release/requests.ts";
import { shareOf } from "../../bench/release/split.ts";
import { paths } from "../../machine/paths.ts";
import type { RunEvent } from "../../release/record.ts";
import { Tally } from "../../sandbox/load/tally.ts";

const at = (seconds: number) => new Date(seconds * 1000).toISOString();
const up = (seconds: number, took: number): RunEvent => ({
  at: at(seconds),
  what: "up",
  data: { purpose: "", changes: {}, seconds: took },
});
const traffic = (seconds: number, weight: number): RunEvent => ({
  at: at(seconds),
  what: "traffic",
  data: { service: "demo", slot: "green", weight },
});
const step = (seconds: number, weight: number): RunEvent => ({
  at: at(seconds),
  what: "step",
  data: { service: "demo", weight, verdict: "pass", requests: 1, comparisons: [], because: "" },
});

describe("what a release's time goes into", () => {
  test("the engine, the watching, and the rest", () => {
    const events = [up(8, 6), traffic(8, 5), step(28, 5), up(33, 4.5), traffic(33.5, 100), step(54.5, 100)];
    expect(breakdown({ startedAt: at(1), events }, 60)).toEqual({
      total: 60,
      engine: 10.5,
      watching: 41,
      rest: 8.5,
    });
  });

  test("the largest share comes first", () => {
    const times = [
      { total: 10, engine: 6, watching: 2, rest: 2 },
      { total: 30, engine: 10, watching: 16, rest: 4 },
    ];
    expect(sharesOf(times)).toBe("45 % watching, 40 % engine, 15 % rest");
  });

  test("a run that did nothing has only a rest", () => {
    expect(breakdown({ startedAt: at(0), events: [] }, 2)).toEqual({
      total: 2,
      engine: 0,
      watching: 0,
      rest: 2,
    });
  });
});

/** A load in which `ok` requests were answered by blue, `faults` failed on purpose in green, and `lost` got lost. */
function load({ ok = 0, faults = 0, lost = 0 }) {
  const tally = new Tally(0);
  const times = (count: number, work: () => void) => {
    for (let index = 0; index < count; index += 1) {
      tally.sent("new", 0, 4);
      work();
    }
  };
  times(ok, () => tally.done("new", 0, 1, { kind: "ok", source: { release: "r1", slot: "blue" } }));
  times(faults, () => tally.done("new", 0, 1, { kind: "fault", source: { release: "r2", slot: "green" } }));
  times(lost, () => tally.done("new", 0, 1, { kind: "timeout", what: "late" }));
  return tally.report(1_000, 0);
}

test("lost requests are those that did not reach a release; their limit is none in any run", () => {
  expect(lostRequests("x", [load({ ok: 1_500, faults: 5 }), load({ lost: 2 })])).toEqual({
    name: "x",
    unit: "requests",
    samples: [0, 2],
    limit: 0,
    limitOn: "max",
    note: "of 1,507 requests, 1,507 over new connections; 95 % sent within 4 ms of their time",
  });
});

test("errors that a release makes on purpose are counted apart", () => {
  expect(errorsMet([load({ ok: 1_500, faults: 5 }), load({ faults: 1, lost: 2 })])).toBe(
    "6 of 1,508 requests",
  );
});

test("a slot's share counts every answer of a release, and nothing else", () => {
  expect(shareOf(load({ ok: 95, faults: 5, lost: 50 }), "green")).toBe(5);
  expect(shareOf(load({ ok: 3 }), "green")).toBe(0);
});

describe("peers' tools", () => {
  test("are pinned, and kept below the root folder", () => {
    expect(HELM.integrity).toMatch(/^sha512-/);
    expect(HELM.package).toMatch(/@\d+\.\d+\.\d+$/);
    expect(HELM.executable().startsWith(paths().root)).toBe(true);
    expect(argoPlace().folder.startsWith(paths().root)).toBe(true);
  });

  test("the controller is built in the version that its folder is named after", () => {
    const goMod = readFileSync(join(import.meta.dirname, "../../bench/peers/argo-rollouts/go.mod"), "utf8");
    const version = /argo-rollouts v(\S+)/.exec(goMod)?.[1];
    expect(argoPlace().folder).toMatch(new RegExp(`argo-rollouts-${version?.replaceAll(".", "\\.")}$`));
  });
});
