import { describe, expect, it } from "vitest";
import { changeLine, statusLines } from "../../cli/ui/status-view.ts";
import { fitting } from "../../cli/ui/watch.ts";
import type { ServiceStatus, StackStatus } from "../../release/status/model.ts";

const DEMO: ServiceStatus = {
  service: "demo",
  phase: "canary",
  active: "blue",
  gate: 25,
  slots: {
    blue: {
      role: "active",
      release: "r1",
      image: "aaaaaaaaaaaa",
      ready: 2,
      wanted: 2,
      planned: 95,
      live: 95,
      requestsPerSecond: 94.96,
      errorRatio: 0.0012,
    },
    green: {
      role: "candidate",
      release: "r2",
      image: "bbbbbbbbbbbb",
      ready: 1,
      wanted: 2,
      planned: 5,
      live: 5,
      requestsPerSecond: 0,
    },
  },
  lastRun: {
    id: "20261121T115900Z-demo-r2",
    action: "deploy",
    from: "r1",
    to: "r2",
    state: "running",
    startedAt: "2026-11-21T11:59:00.000Z",
  },
  lastVerdict: {
    release: "r2",
    weight: 5,
    verdict: "pass",
    requests: 1_234,
    comparisons: [
      { name: "error ratio", verdict: "pass", unit: "ratio", candidate: 0, active: 0.001, limit: 0.02 },
      { name: "p95 latency", verdict: "pass", unit: "seconds", candidate: 0.0049, limit: 0.05 },
    ],
    because: "errors 0.0 % of 1,234 requests",
    at: "2026-11-21T11:59:50.000Z",
  },
  drift: [],
  ok: true,
};

const STATUS: StackStatus = {
  stack: "sandbox",
  environment: "sandbox",
  at: "2026-11-21T12:00:00.000Z",
  windowSeconds: 20,
  lock: { state: "free" },
  services: [DEMO],
  missing: [],
  ok: true,
};

function linesOf(service: ServiceStatus, status: Partial<StackStatus> = {}): string[] {
  return statusLines({ ...STATUS, ...status, services: [service] });
}

describe("a status for people", () => {
  it("is a table of slots, and what there is to say about each service", () => {
    expect(linesOf(DEMO).join("\n")).toBe(
      `
sandbox at 2026-11-21 12:00:00 UTC; requests of the last 20 s; nobody is releasing

service  slot   role       release  image         pods  planned  live  requests  errors
demo     blue   active     r1       aaaaaaaaaaaa  2/2   95 %     95 %  95/s      0.12 %
         green  candidate  r2       bbbbbbbbbbbb  1/2   5 %      5 %   0/s       -

demo: phase canary: r2 in green is to get 5 %, tested for 25 %
demo: last run: deploy r1 → r2, running, since 2026-11-21 11:59:00 UTC
demo: last verdict: r2 at 5 %, pass after 1,234 requests, at 2026-11-21 11:59:50 UTC
  error ratio 0 % (active 0.1 %, at most 2 %), p95 latency 4.9 ms (at most 50 ms)
`.trim(),
    );
  });

  it("gives the reason of a verdict that is not good", () => {
    const { lastVerdict } = DEMO;
    if (lastVerdict === undefined) throw new Error("no verdict");
    const failed = { ...lastVerdict, verdict: "fail" as const, because: "errors 30 %;\nat most 2 % allowed" };
    expect(linesOf({ ...DEMO, lastVerdict: failed }).slice(-2)).toEqual([
      "demo: last verdict: r2 at 5 %, fail after 1,234 requests, at 2026-11-21 11:59:50 UTC",
      "  errors 30 %;; at most 2 % allowed",
    ]);
  });

  it("tells drift with its remedy, and what is not known, once for each reason", () => {
    const drift = [{ what: "the route was changed by hand", remedy: "pulumi up --refresh brings it back" }];
    const missing = [{ what: ["pods of demo", "requests and errors of demo"], why: "connection refused" }];
    expect(linesOf({ ...DEMO, drift }, { missing, lock: { state: "not known" } })).toEqual(
      expect.arrayContaining([
        expect.stringContaining("release lock: not known"),
        "demo: drift: the route was changed by hand",
        "  -> pulumi up --refresh brings it back",
        "not known: pods of demo, requests and errors of demo (connection refused)",
      ]),
    );
  });

  it("says so when nothing serves", () => {
    const { blue } = DEMO.slots;
    const slots = { ...DEMO.slots, blue: { ...blue, ready: 0 } };
    expect(linesOf({ ...DEMO, slots })).toContain("demo: no pod of r1 in blue is ready (0/2)");
  });

  it("is one line where only changes are shown, without the figures that never stand still", () => {
    const line = changeLine(DEMO);
    expect(line).toBe(
      "demo: phase canary: r2 in green is to get 5 %, tested for 25 %; blue r1 active 95 % (2/2); green r2 candidate 5 % (1/2); deploy r2 running",
    );
    const { blue } = DEMO.slots;
    const slots = { ...DEMO.slots, blue: { ...blue, requestsPerSecond: 3, errorRatio: 0.5 } };
    expect(changeLine({ ...DEMO, slots })).toBe(line);
  });
});

describe("a screen that is drawn over", () => {
  it("holds as many lines as it has rows, long ones counted as they wrap, colours not", () => {
    const lines = ["\u001b[1m12345\u001b[22m", "", "12345678901", "last"];
    expect(fitting(lines, 5, 5)).toEqual(lines.slice(0, 3));
    expect(fitting(lines, 6, 5)).toEqual(lines);
    expect(fitting(lines, 4, 5)).toEqual(lines.slice(0, 2));
  });
});
