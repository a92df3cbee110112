import { expect, test } from "vitest";
import { type Counts, sumCounts, undelivered } from "../../../sandbox/load/report.ts";
import { outcomeOf } from "../../../sandbox/load/sender.ts";
import { Tally } from "../../../sandbox/load/tally.ts";

const r1 = { release: "r1", slot: "blue" };
const r2 = { release: "r2", slot: "green" };

/** Six requests: two good answers of r1, one good and one fault of r2, one lost, one on its way. */
function example(): Tally {
  const tally = new Tally(10_000);
  for (const [index, connection] of (["keep-alive", "new"] as const).entries())
    tally.sent(connection, 10_000 + index, 10_001 + index);
  tally.done("keep-alive", 10_000, 10_010, { kind: "ok", source: r1 });
  tally.done("new", 10_001, 10_031, { kind: "ok", source: r1 });
  for (const due of [11_000, 11_005, 11_010, 11_015]) tally.sent("new", due, due);
  tally.done("new", 11_005, 11_010, { kind: "ok", source: r2 });
  tally.done("new", 11_000, 11_400, { kind: "fault", source: r2 });
  tally.done("new", 11_010, 12_500, { kind: "connection", what: "ECONNRESET" });
  return tally;
}

test("counts every request once, by what became of it", () => {
  expect(example().counts()).toEqual({
    sent: 6,
    ok: 3,
    failed: { fault: 1, answer: 0, connection: 1, timeout: 0 },
    connections: { "keep-alive": { sent: 1, undelivered: 0 }, new: { sent: 5, undelivered: 1 } },
  });
  expect(undelivered(example().counts())).toBe(1);
});

test("knows the first and the last answer of a release and of a slot, faults included", () => {
  const tally = example();
  expect(tally.times({ release: "r1" })).toEqual({ first: 10_010, last: 10_031 });
  expect(tally.times({ slot: "green" })).toEqual({ first: 11_010, last: 11_400 });
  expect(tally.times({ release: "r3" })).toBeUndefined();
  tally.done("new", 11_015, 13_000, { kind: "ok", source: { release: "r1", slot: "green" } });
  expect(tally.times({ release: "r1" })).toEqual({ first: 10_010, last: 13_000 });
  expect(tally.times({ slot: "green" })?.last).toBe(13_000);
});

test("reports latencies from the time that a request was due, and who answered in each second", () => {
  const report = example().report(14_000, 40);
  expect(report).toMatchObject({ started: 10_000, ended: 14_000, cpu: 0.01 });
  expect(report.sources).toEqual([
    { ...r1, ok: 2, faults: 0, first: 10_010, last: 10_031, latency: { p50: 10, p95: 30, max: 30 } },
    { ...r2, ok: 1, faults: 1, first: 11_010, last: 11_400, latency: { p50: 5, p95: 400, max: 400 } },
  ]);
  expect(report.seconds).toEqual([
    { at: 10_000, undelivered: 0, answers: { "r1 blue": 2 } },
    { at: 11_000, undelivered: 0, answers: { "r2 green": 2 } },
    { at: 12_000, undelivered: 1, answers: {} },
  ]);
  expect(report.failures).toEqual([
    { at: 12_500, kind: "connection", connection: "new", what: "ECONNRESET" },
  ]);
  expect(report.lateness).toEqual({ p50: 0, p95: 1, max: 1 });
});

test("keeps the first twenty failures of delivery and counts all; faults take no place among them", () => {
  const tally = new Tally(0);
  for (let index = 0; index < 30; index += 1) {
    tally.done("new", index, index, { kind: "fault", source: r2 });
    tally.done("new", index, index, { kind: "timeout", what: String(index) });
  }
  const { failures, failed } = tally.report(1_000, 0);
  expect(failures.map(({ what }) => what)).toEqual(Array.from({ length: 20 }, (_, index) => String(index)));
  expect(failed).toEqual({ fault: 30, answer: 0, connection: 0, timeout: 30 });
});

test("a load that never got an answer has a report, too", () => {
  expect(new Tally(0).report(1_000, 0)).toMatchObject({
    sent: 0,
    sources: [],
    seconds: [],
    lateness: { max: 0 },
  });
});

test("loads add up", () => {
  const one = example().counts();
  const none: Counts = new Tally(0).counts();
  expect(sumCounts([])).toEqual(none);
  expect(sumCounts([one, none])).toEqual(one);
  expect(sumCounts([one, one])).toMatchObject({
    sent: 12,
    ok: 6,
    failed: { fault: 2, connection: 2 },
    connections: { new: { sent: 10, undelivered: 2 } },
  });
});

test("tells a failing release from a failing delivery", () => {
  const body = (more: object) => JSON.stringify({ release: "r2", slot: "green", ...more });
  const judge = (status: number, release: string | undefined, more: object = {}) =>
    outcomeOf(status, release, body(more));
  expect(judge(200, "r2")).toEqual({ kind: "ok", source: r2 });
  expect(judge(500, "r2", { error: "failing on purpose" })).toEqual({ kind: "fault", source: r2 });
  expect(judge(500, "r2", { error: "other" })).toEqual({ kind: "answer", what: "500 from r2", source: r2 });
  expect(judge(503, "r2", { error: "failing on purpose" }).kind).toBe("answer");
  expect(outcomeOf(404, undefined, "404 page not found")).toEqual({
    kind: "answer",
    what: "404 from no release",
  });
  expect(outcomeOf(200, undefined, "{}").kind).toBe("answer");
  expect(outcomeOf(200, "r2", "no JSON")).toEqual({
    kind: "ok",
    source: { release: "r2", slot: "unknown" },
  });
});
