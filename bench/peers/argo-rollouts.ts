import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { layout } from "../../sandbox/layout.ts";
import { argoPlace } from "./argo-tool.ts";
import type { Peer } from "./peer.ts";
import { APP, plainObjects, type Site } from "./site.ts";

const ROLLOUT = `rollout/${APP}`;
/** Argo's own default: how long the old version stays after a switch. */
const SCALE_DOWN_DELAY_MS = 30_000;
/** Time for its pods to go. */
const GONE_MS = 10_000;

interface Deployment {
  readonly kind?: string;
  readonly spec?: object;
}

/**
 * A blue-green Rollout that gets its old image again, as `kubectl argo rollouts undo` writes it: while the old version is
 * still there, or after Argo has taken it away.
 */
export function argoRollouts(late: boolean): Peer {
  let controller: ChildProcess | undefined;
  return {
    name: `Argo Rollouts, ${late ? "after" : "within"} ${SCALE_DOWN_DELAY_MS / 1000} s`,
    prepare: async () =>
      existsSync(argoPlace().controller)
        ? undefined
        : "not there: node bench/peers/build-argo-rollouts.ts builds it once, in 6 min of processor time",
    install: async (site, subject, image) => {
      await site.kubectl("apply", "--server-side", "--kustomize", argoPlace().crds);
      controller = startController(site);
      await site.apply(plainObjects(subject, image, true).map(asRollout));
      await healthy(site);
    },
    change: async (site, image) => {
      await setImage(site, image);
      if (late) await sleep(SCALE_DOWN_DELAY_MS + GONE_MS);
    },
    rollBack: async (site, image) => setImage(site, image),
    remove: async (site) => {
      await site.kubectl("delete", "--ignore-not-found", ROLLOUT);
      if (controller !== undefined) await stop(controller);
      await site.kubectl("delete", "--ignore-not-found", "--kustomize", argoPlace().crds);
    },
  };
}

function asRollout(object: Deployment) {
  if (object.kind !== "Deployment") return object;
  const strategy = { blueGreen: { activeService: APP } };
  return {
    ...object,
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Rollout",
    spec: { ...object.spec, strategy },
  };
}

/** The controller as a process of this machine, for one namespace. */
function startController({ namespace }: Site): ChildProcess {
  const flags = {
    kubeconfig: layout().kubeconfig,
    namespace,
    namespaced: "true",
    "leader-elect": "false",
    healthzPort: "0",
    metricsport: "0",
    loglevel: "error",
  };
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  return spawn(argoPlace().controller, args, { stdio: "ignore" });
}

async function stop(controller: ChildProcess): Promise<void> {
  if (controller.exitCode !== null || controller.signalCode !== null) return;
  const ended = once(controller, "exit");
  controller.kill("SIGKILL");
  await ended;
}

async function setImage(site: Site, image: string): Promise<void> {
  const patch = [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: image }];
  await site.kubectl("patch", ROLLOUT, "--type=json", `--patch=${JSON.stringify(patch)}`);
  await healthy(site);
}

/** Waits until the controller has seen the last change and calls it done. */
async function healthy(site: Site): Promise<void> {
  const generation = await site.kubectl("get", ROLLOUT, "--output=jsonpath={.metadata.generation}");
  for (const state of [`{.status.observedGeneration}=${generation}`, "{.status.phase}=Healthy"]) {
    await site.kubectl("wait", ROLLOUT, `--for=jsonpath=${state}`, "--timeout=120s");
  }
}
