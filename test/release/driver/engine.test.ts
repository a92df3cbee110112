import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { UserError } from "../../../infra/lib/errors.ts";
import { paths } from "../../../machine/paths.ts";
import { Engine, isTransient } from "../../../release/driver/engine.ts";
import type { Happening } from "../../../release/record.ts";

/** The engine's room, which would need an engine: opens stacks that count, and does what a test says. */
const room = vi.hoisted(() => ({
  opened: 0,
  work: async (_run: number): Promise<unknown> => ({ changes: {} }),
  runs: 0,
  config: {} as Record<string, { value: string; secret?: boolean }>,
  busy: new Error("the stack is locked"),
}));
vi.mock("../../../engine/stack.ts", () => ({
  openStack: async () => {
    room.opened += 1;
    return { number: room.opened, getAllConfig: async () => room.config };
  },
  up: async (_stack: unknown, { report }: { report(status: string): void }) => {
    report("1 done; create Job");
    return room.work(++room.runs);
  },
  isBusy: (error: unknown) => error === room.busy,
}));
// Pauses of seconds, without the seconds.
vi.mock("node:timers/promises", () => ({
  setTimeout: async (_ms: number, _value: undefined, { signal }: { signal: AbortSignal }) => {
    signal.throwIfAborted();
  },
}));

const never = new AbortController().signal;
const happened: Happening[] = [];
const statuses: string[] = [];
const report = {
  add: async (happening: Happening) => void happened.push(happening),
  status: (text: string) => void statuses.push(text),
};

let engine: Engine;

beforeEach(() => {
  engine = new Engine({ folder: "/nowhere", stack: "sandbox", env: {} }, paths({ SLIPWAY_HOME: "/nowhere" }));
  room.opened = 0;
  room.runs = 0;
});
afterEach(() => {
  happened.length = 0;
  statuses.length = 0;
});

/** Fails in turn as the list says, and succeeds then. */
function failing(...errors: readonly Error[]): void {
  room.work = async (run) => {
    const error = errors[run - 1];
    if (error !== undefined) throw error;
    return { changes: { same: 44, update: 1 } };
  };
}

describe("a run of the engine", () => {
  it("is on record with what it changed, and says what it is doing", async () => {
    failing();
    await engine.up("promote", report, never);
    expect(happened).toEqual([
      { what: "up", data: { purpose: "promote", changes: { update: 1 }, seconds: expect.any(Number) } },
    ]);
    expect(statuses).toEqual(["promote: 1 done; create Job"]);
  });

  it("uses one stack for all of a release", async () => {
    failing();
    await engine.up("one", report, never);
    await engine.up("two", report, never);
    expect(room.opened).toBe(1);
  });

  it("waits while another engine works on the stack, and opens it anew each time: that one may have died", async () => {
    failing(room.busy, room.busy, room.busy);
    await engine.up("promote", report, never);
    expect(room.runs).toBe(4);
    expect(room.opened).toBe(4);
    expect(statuses).toContain("promote: waits for another pulumi that works on this stack");
    expect(happened.map(({ what }) => what)).toEqual(["up"]);
  });

  const outage = new UserError({ what: "Get https://10.0.0.1: connection refused" });

  it("is tried twice again when the cluster did not answer, and says so", async () => {
    failing(outage, outage);
    await engine.up("promote", report, never);
    expect(happened.map((event) => (event.what === "note" ? event.data.text : event.what))).toEqual([
      "promote: the cluster did not answer; retry 1 of 2",
      "promote: the cluster did not answer; retry 2 of 2",
      "up",
    ]);
  });

  it("gives up after that, with the engine's words", async () => {
    failing(outage, outage, outage);
    await expect(engine.up("promote", report, never)).rejects.toBe(outage);
    expect(room.runs).toBe(3);
  });

  it("is not tried again when the answer was no", async () => {
    const refusal = new UserError({ what: "exceeded quota: guard-rails" });
    failing(refusal);
    await expect(engine.up("promote", report, never)).rejects.toBe(refusal);
    expect(room.runs).toBe(1);
  });

  it.each([
    ["its work", new UserError({ what: "update cancelled" })],
    ["its pause", room.busy],
  ])("ends with the reason of whoever stops it, in %s", async (_, error) => {
    const control = new AbortController();
    room.work = async () => {
      control.abort(new Error("Ctrl-C"));
      throw error;
    };
    await expect(engine.up("promote", report, control.signal)).rejects.toThrow("Ctrl-C");
    expect(room.runs).toBe(1);
  });
});

it("knows the stack's secrets, and nothing else of its config", async () => {
  room.config = {
    "slipway:secret-slack": { value: "https://hooks.example/x", secret: true },
    "slipway:environment": { value: "sandbox" },
    "slipway:schemaVersion": { value: "1", secret: false },
  };
  expect(await engine.secrets()).toEqual({ "slipway:secret-slack": "https://hooks.example/x" });
});

describe("what may go well a moment later", () => {
  it.each([
    "dial tcp 10.0.0.1:6443: connect: connection refused",
    "read tcp: connection reset by peer",
    "net/http: TLS handshake timeout",
    "read: i/o timeout",
    "unexpected EOF",
    "connect: no route to host",
    "the server is currently unable to handle the request",
    "etcdserver: request timed out",
    "Too Many Requests",
  ])("%s", (message) => {
    expect(isTransient(message)).toBe(true);
  });

  it.each([
    "exceeded quota: guard-rails",
    "resource demo-green was not successfully created by the Kubernetes API server: timed out",
    "deployments.apps is forbidden",
    "smoke test of r2: 1 of 2 failed: health: HTTP 500",
  ])("not: %s", (message) => {
    expect(isTransient(message)).toBe(false);
  });
});
