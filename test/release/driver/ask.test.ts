import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { askToStop } from "../../../release/driver/ask.ts";
import type { Session } from "../../../release/driver/session.ts";
import { type Lease, leaseRef, stopRequestedBy, taken } from "../../../release/lease.ts";
import { productionStage, type Stage } from "../drill/stage.ts";

let stage: Stage;
const add = vi.fn(async () => {});

beforeEach(async () => {
  stage = await productionStage();
  add.mockClear();
});
afterEach(() => stage.remove());

/** Who was asked to stop, while somebody does something. */
async function askedBy(names: readonly string[], doing?: string): Promise<string | undefined> {
  const run = { holder: "bob@ci 2", doing: doing ?? "" };
  if (doing !== undefined) stage.cluster.put(taken("production", undefined, run, new Date()));
  await askToStop({ project: stage.project, holder: "ann@laptop 1", add } as unknown as Session, names);
  const lease = await stage.cluster.get<Lease>(leaseRef("production"));
  return lease === undefined ? undefined : stopRequestedBy(lease);
}

it.each<[string, string]>([
  ["the same service", "deploy paws360-backend r42"],
  ["the system that it belongs to", "deploy paws360 r42"],
  ["its drill", "drill paws360-backend"],
])("whoever works on %s is asked to stop, and that is told", async (_, doing) => {
  expect(await askedBy(["paws360-backend"], doing)).toBe("ann@laptop 1");
  expect(add).toHaveBeenCalledExactlyOnceWith({
    what: "note",
    data: { text: expect.stringMatching(/^asked bob@ci 2 \(.*\) to stop$/) },
  });
});

it("whoever works on something else is let finish", async () => {
  expect(await askedBy(["demo"], "deploy paws360 r42")).toBeUndefined();
  expect(add).not.toHaveBeenCalled();
});

it("nobody is asked where nobody works", async () => {
  expect(await askedBy(["demo"])).toBeUndefined();
  expect(add).not.toHaveBeenCalled();
});
