import { describe, expect, it } from "vitest";
import { UserError } from "../../../infra/lib/errors.ts";
import {
  type ContainerStatus,
  type Deployment,
  hopeless,
  type Pod,
  slotHealth,
  watchPods,
} from "../../../release/pods.ts";
import { MemoryCluster } from "../../support/memory-cluster.ts";

const PLACE = { namespace: "demo-sandbox", service: "demo", slot: "green", release: "r2" } as const;

function pod(name: string, status: Partial<ContainerStatus>, release = "r2"): Pod {
  return {
    kind: "Pod",
    metadata: {
      name,
      namespace: PLACE.namespace,
      labels: { app: "demo", slot: "green", "app.kubernetes.io/version": release },
    },
    status: { containerStatuses: [{ name: "demo", ready: false, restartCount: 0, ...status }] },
  };
}

function deployment(status: Deployment["status"] = {}, release = "r2"): Deployment {
  return {
    kind: "Deployment",
    metadata: {
      name: "demo-green",
      namespace: PLACE.namespace,
      generation: 4,
      labels: { "app.kubernetes.io/version": release },
    },
    spec: { replicas: 2, template: { spec: { containers: [{ image: "slipway.local/demo:r2" }] } } },
    status: { observedGeneration: 4, ...status },
  };
}

const waiting = (reason: string, message?: string): Partial<ContainerStatus> => ({
  state: { waiting: { reason, ...(message === undefined ? {} : { message }) } },
});
const ended = (exitCode: number, reason = "Error", message?: string): Partial<ContainerStatus> => ({
  lastState: { terminated: { exitCode, reason, ...(message === undefined ? {} : { message }) } },
});
const quota = {
  type: "ReplicaFailure",
  status: "True",
  reason: "FailedCreate",
  message: 'pods "demo-green-5d" is forbidden: exceeded quota: guard-rails',
};
const stuck = {
  type: "Progressing",
  status: "False",
  reason: "ProgressDeadlineExceeded",
  message: 'ReplicaSet "demo-green-5d" has timed out progressing.',
};

describe("hopeless", () => {
  it.each<[string, Partial<ContainerStatus>, string]>([
    [
      "crash loop",
      { ...waiting("CrashLoopBackOff", "back-off 10s"), restartCount: 1, ...ended(3) },
      "pod p does not stay up: 1 restart, exit code 3",
    ],
    [
      "out of memory, running again for the second time",
      { restartCount: 2, ...ended(137, "OOMKilled") },
      "pod p does not stay up: 2 restarts, exit code 137 (OOMKilled)",
    ],
    [
      "an image that is not there",
      waiting("ImagePullBackOff", 'Back-off pulling image "x": not found'),
      'pod p: ImagePullBackOff: Back-off pulling image "x": not found',
    ],
    ["an image that could not be pulled", waiting("ErrImagePull"), "pod p: ErrImagePull"],
    [
      "a name that is none",
      waiting("InvalidImageName", "couldn't parse"),
      "pod p: InvalidImageName: couldn't parse",
    ],
    [
      "a missing key of a Secret",
      waiting("CreateContainerConfigError", "couldn't find key X"),
      "pod p: CreateContainerConfigError: couldn't find key X",
    ],
  ])("%s", (_, status, reason) => {
    expect(hopeless("r2", [pod("ok", { ready: true }), pod("p", status)], deployment())?.reason).toBe(reason);
  });

  it.each<[string, Partial<ContainerStatus>]>([
    ["being made", waiting("ContainerCreating")],
    [
      "waiting for a ConfigMap that was made just now",
      waiting(
        "CreateContainerConfigError",
        "failed to sync configmap cache: timed out waiting for the condition",
      ),
    ],
    ["started, not ready yet", {}],
    ["failed once and started again", { restartCount: 1, ...ended(1) }],
    ["restarted often in the past, ready now", { ready: true, restartCount: 7, ...ended(1) }],
  ])("not %s", (_, status) => {
    expect(hopeless("r2", [pod("p", status)], deployment())).toBeUndefined();
  });

  it("sees containers that come before the service's own", () => {
    const init: Pod = {
      metadata: { name: "p" },
      status: {
        initContainerStatuses: [{ name: "i", ready: false, restartCount: 0, ...waiting("ErrImagePull") }],
      },
    };
    expect(hopeless("r2", [init], undefined)?.reason).toBe("pod p: ErrImagePull");
  });

  it("has the end of the failed run's log where the kubelet tells it", () => {
    const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`).join("\n");
    const found = hopeless("r2", [pod("p", { restartCount: 2, ...ended(1, "Error", lines) })], deployment());
    expect(found?.log?.split("\n")).toEqual(Array.from({ length: 10 }, (_, index) => `line ${20 + index}`));
  });

  it.each([
    ["over the quota", quota, /^deployment demo-green: FailedCreate: .*exceeded quota/],
    ["without progress", stuck, /^deployment demo-green: ProgressDeadlineExceeded: .*timed out/],
  ])("a Deployment %s", (_, condition, reason) => {
    expect(hopeless("r2", [], deployment({ conditions: [condition] }))?.reason).toMatch(reason);
  });

  it("not what a Deployment says of another release, or before it has seen this one", () => {
    expect(hopeless("r2", [], deployment({ conditions: [quota] }, "r1"))).toBeUndefined();
    expect(hopeless("r2", [], deployment({ conditions: [quota], observedGeneration: 3 }))).toBeUndefined();
    expect(hopeless("r2", [], deployment({ conditions: [{ ...quota, status: "False" }] }))).toBeUndefined();
    expect(hopeless("r2", [], undefined)).toBeUndefined();
  });
});

describe("slotHealth", () => {
  it("counts ready and wanted pods, and tells their image", () => {
    expect(slotHealth(deployment({ readyReplicas: 1 }))).toEqual({
      ready: 1,
      wanted: 2,
      image: "slipway.local/demo:r2",
    });
  });

  it("counts no pod where Kubernetes counts none", () => {
    expect(slotHealth(deployment())).toMatchObject({ ready: 0, wanted: 2 });
    expect(slotHealth(undefined)).toEqual({ ready: 0, wanted: 0, image: undefined });
  });
});

describe("watchPods", () => {
  const crashing = { ...waiting("CrashLoopBackOff"), restartCount: 2 };
  const watch = (cluster: MemoryCluster, signal = new AbortController().signal) =>
    watchPods(cluster, PLACE, signal, 2);

  it("looks until a pod is hopeless; only pods of the release count", async () => {
    const cluster = new MemoryCluster(deployment(), pod("old", crashing, "r1"), pod("new", {}));
    let looks = 0;
    cluster.interfere = async (verb) => {
      if (verb === "list" && ++looks === 3)
        cluster.put(pod("new", { ...crashing, ...ended(1, "Error", "no database") }));
    };
    expect(await watch(cluster)).toBe(
      "pod new does not stay up: 2 restarts, exit code 1; its last lines:\n  no database",
    );
    expect(looks).toBeGreaterThanOrEqual(3);
  });

  it("reads the log of the run that failed where the kubelet does not tell its end", async () => {
    const cluster = new MemoryCluster(deployment(), pod("new", { ...crashing, ...ended(0, "Completed") }));
    cluster.answers.new = "listening\n\nbye\n";
    expect(await watch(cluster)).toMatch(
      /exit code 0 \(Completed\); its last lines:\n {2}listening\n {2}bye$/,
    );
    expect(cluster.calls).toContain("logs new");
  });

  it("tells the reason without a log where there is none", async () => {
    const cluster = new MemoryCluster(deployment(), pod("new", crashing));
    expect(await watch(cluster)).toBe("pod new does not stay up: 2 restarts");
  });

  it("goes on after looks that fail", async () => {
    const cluster = new MemoryCluster(deployment({ conditions: [quota] }));
    let outages = 3;
    cluster.interfere = async () => {
      if (outages-- > 0) throw new UserError({ what: "no answer in time" });
    };
    expect(await watch(cluster)).toContain("exceeded quota");
  });

  it("ends when it is not needed any more", async () => {
    const controller = new AbortController();
    const cluster = new MemoryCluster(deployment(), pod("new", { ready: true }));
    cluster.interfere = async () => controller.abort();
    expect(await watch(cluster, controller.signal)).toBeUndefined();
  });
});
