import { afterEach, beforeEach, expect, it } from "vitest";
import { UserError } from "../../../infra/lib/errors.ts";
import { captureFailure, captureState } from "../../../release/driver/capture.ts";
import type { Happening } from "../../../release/record.ts";
import { type Stage, sandboxStage } from "../drill/stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await sandboxStage();
});
afterEach(() => stage.remove());

function pod(name: string, status: object): void {
  stage.cluster.put({
    kind: "Pod",
    metadata: { name, namespace: "demo-sandbox", labels: { app: "demo" } },
    status: { containerStatuses: [{ name: "demo", ready: true, restartCount: 0, ...status }] },
  } as never);
}

it("has what serves, what is meant to, and the pods that are not well, in a line each", async () => {
  pod("well", {});
  pod("tired", { restartCount: 3 });
  pod("broken", {
    ready: false,
    restartCount: 1,
    state: { waiting: { reason: "CrashLoopBackOff" } },
    lastState: { terminated: { exitCode: 3 } },
  });
  const { release } = stage.project.service("demo");
  expect(await captureState(stage.project, ["demo"])).toEqual({
    demo: {
      entry: release,
      weights: { blue: 0, green: 100 },
      slots: {
        blue: { ready: 2, wanted: 2, image: "slipway.local/demo:r1" },
        green: { ready: 2, wanted: 2, image: "slipway.local/demo:r2" },
      },
      unwell: [
        "tired: ready, 3 restarts",
        "broken: not ready, 1 restarts, CrashLoopBackOff, last exit code 3",
      ],
    },
  });
});

it("is no reason to stop when it cannot be had", async () => {
  const happened: Happening[] = [];
  const report = { add: async (happening: Happening) => void happened.push(happening), status: () => {} };
  stage.cluster.interfere = () => Promise.reject(new UserError({ what: "connection refused" }));
  await captureFailure(stage.project, ["demo"], report);
  expect(happened).toEqual([
    { what: "note", data: { text: "the failed state could not be captured: connection refused" } },
  ]);
});
