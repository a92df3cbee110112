import { describe, expect, it } from "vitest";
import { UserError } from "../../../infra/lib/errors.ts";
import { NoAnswer, Refused } from "../../../release/cluster.ts";
import { persist } from "../../../release/driver/persist.ts";

const told: string[] = [];
const report = { add: async () => {}, status: (text: string) => void told.push(text) };
const never = new AbortController().signal;

/** Fails in turn as the list says, and succeeds then. */
function failing(...errors: readonly Error[]) {
  let tries = 0;
  const work = async () => {
    const error = errors[tries++];
    if (error !== undefined) throw error;
    return "done";
  };
  return { work, tries: () => tries };
}

describe("something done with the cluster", () => {
  it("is tried again for as long as there is no answer, and says so", async () => {
    const outage = failing(
      new NoAnswer({ where: "kubectl get", what: "connection refused", remedy: "doctor" }),
      new Refused("Conflict", "the object has been modified"),
      new NoAnswer({ what: "no answer in time" }),
    );
    expect(await persist(outage.work, report, never)).toBe("done");
    expect(outage.tries()).toBe(4);
    expect(told).toEqual([
      "the cluster does not answer; trying again (kubectl get: connection refused)",
      "the cluster does not answer; trying again (the object has been modified)",
      "the cluster does not answer; trying again (no answer in time)",
    ]);
  });

  it.each([
    ["a refusal", new Refused("Forbidden", "not yours")],
    ["a fault of the user's", new UserError({ what: "there is no kubectl" })],
    ["a fault of our own", new TypeError("undefined")],
  ])("is not tried again after %s", async (_, error) => {
    const refusing = failing(error);
    await expect(persist(refusing.work, report, never)).rejects.toBe(error);
    expect(refusing.tries()).toBe(1);
  });

  it("ends with the reason of whoever aborts, in the middle of a try or of a pause", async () => {
    const reason = new Error("Ctrl-C");
    const inside = new AbortController();
    const trying = persist(
      async () => {
        inside.abort(reason);
        throw new NoAnswer({ what: "connection refused" });
      },
      report,
      inside.signal,
    );
    await expect(trying).rejects.toBe(reason);

    const refused = persist(failing(new Refused("Forbidden", "not yours")).work, report, inside.signal);
    await expect(refused).rejects.toBe(reason);

    const between = new AbortController();
    const pausing = persist(
      failing(...Array(99).fill(new NoAnswer({ what: "x" }))).work,
      report,
      between.signal,
    );
    setTimeout(() => between.abort(reason), 20);
    await expect(pausing).rejects.toBe(reason);
  });
});
