import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { layout } from "../../sandbox/layout.ts";
import { argoPlace, installArgo } from "./argo-tool.ts";
import { type Peer, RUNS } from "./peer.ts";
import { APP, plainObjects, type Site } from "./site.ts";

const ROLLOUT = `rollout/${APP}`;
/** Argo's own default: how long the old version stays after a switch. */
const SCALE_DOWN_DELAY_MS = 30_000;
/** Time for its pods to go. */
const GONE_MS = 10_000;
/** Each one waits for that. */
const LATE_RUNS = 3;

interface Deployment {
  readonly kind?: string;
  readonly spec?: object;
}

/**
 * A blue-green Rollout that gets its old image again, as `kubectl argo rollouts undo` writes it: while the old version is
 * still there, or after Argo has taken it away.
 */
export function argoRollouts(late: boolean): Peer {
  let controller: ReturnType<typeof startController> | undefined;
  return {
    name: `Argo Rollouts, ${late ? "after" : "within"} ${SCALE_DOWN_DELAY_MS / 1000} s`,
    runs: late ? LATE_RUNS : RUNS,
    prepare: installArgo,
    install: async (site, subject, image) => {
      await site.kubectl("apply", "--server-side", "--kustomize", argoPlace().crds);
      controller = startController(site);
      await site.apply(plainObjects(subject, image, true).map(asRollout));
      await healthy(site);
    },
    change: async (site, image) => {
      await setImage(site, image);
      if (late) await sleep(SCALE_DOWN_DELAY_MS + GONE_MS, undefined, { signal: site.signal });
    },
    rollBack: async (site, image) => setImage(site, image),
    remove: async (site) => {
      await site.kubectl("delete", "--ignore-not-found", ROLLOUT);
      controller?.kill("SIGKILL");
      await controller;
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

/** The controller as a process of this machine, for one namespace. Ends with this process at the latest. */
function startController({ namespace }: Site) {
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
  return execa(argoPlace().controller, args, { stdio: "ignore", reject: false });
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
