import { createWriteStream } from "node:fs";
import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { UserError } from "../infra/lib/errors.ts";
import type { Lock } from "../machine/lock.ts";
import { findCommand } from "../machine/packages.ts";
import { run } from "../machine/run.ts";
import type { Step, StepContext } from "../machine/steps.ts";
import { checkCluster, loadCluster } from "./cluster-check.ts";
import type { ImageStore } from "./images/import.ts";
import { hasKindCluster, KIND, kindArguments, kindConfig } from "./kind.ts";
import { type Layout, layout } from "./layout.ts";
import { lockSandbox } from "./lock.ts";
import { COMPONENTS } from "./node/components.ts";
import { running } from "./node/supervise.ts";

/** The step that takes an existing cluster instead of a node of our own. Changes nothing in it. */
export function contextSteps(context: string): Step[] {
  return [
    {
      title: `Cluster ${context}`,
      run: async () => {
        const { server, version, gatewayApi } = await checkCluster({ context });
        if (!gatewayApi) {
          throw new UserError({
            what: "the cluster does not have the Gateway API (gateway.networking.k8s.io/v1)",
            where: `context ${context}, ${server}`,
            remedy:
              "install it with the gateway of your choice: https://gateway-api.sigs.k8s.io/implementations/",
          });
        }
        return `Kubernetes ${version} at ${server}`;
      },
    },
  ];
}

/** The steps that make a cluster with kind, with the sandbox's images, gateway and metrics. */
export function kindSteps(what: string): Step[] {
  const place = layout();
  let lock: Lock | undefined;
  return [
    {
      title: "Cluster by kind",
      run: async (context) => {
        requireKind();
        lock = await lockSandbox(what);
        refuseBesideNode(place);
        return ensureKindCluster(place, context);
      },
    },
    {
      title: "Images",
      run: async (context) => {
        const [{ ensureImages }, { workloadImages }] = await Promise.all([
          import("./images/import.ts"),
          import("./images/catalogue.ts"),
        ]);
        const made = await ensureImages(place, kindStore(place), await workloadImages(), context);
        return `loaded ${made.join(", ")}`;
      },
    },
    {
      title: "Add-ons",
      run: async (context) => {
        const [{ ensureAddons }, { kindAddons }, { sandboxImages }] = await Promise.all([
          import("./addons/apply.ts"),
          import("./addons/addons.ts"),
          import("./images/import.ts"),
        ]);
        const images = Object.fromEntries(
          (await sandboxImages(place)).map(({ name, pinned }) => [name, pinned]),
        );
        const config = loadCluster({ kubeconfig: place.kubeconfig, context: KIND.context });
        await ensureAddons(config, kindAddons(images), context);
        await lock?.release();
        return `gateway on ${KIND.gateway}`;
      },
    },
  ];
}

/** Removes the cluster that kind made, with the kubeconfig to it. @returns a note on what there was. */
export async function kindDown(what: string, { signal }: StepContext): Promise<string> {
  requireKind();
  const lock = await lockSandbox(what);
  try {
    const place = layout();
    refuseBesideNode(place);
    if (!(await kindClusterExists())) return "there was nothing to remove";
    await run("kind", kindArguments.remove(place.kubeconfig), { cancelSignal: signal });
    await rm(place.root, { recursive: true, force: true });
    return `removed the cluster ${KIND.name}`;
  } finally {
    await lock.release();
  }
}

function requireKind(): void {
  if (findCommand("kind") !== undefined) return;
  throw new UserError({
    what: "the command kind is not on the PATH",
    remedy:
      "install it (https://kind.sigs.k8s.io) with Docker or Podman; or use a cluster that is there: --context NAME",
  });
}

/** Both would take the same port and the same folder. */
function refuseBesideNode(place: Layout): void {
  if (COMPONENTS.every((name) => running(place, name) === undefined)) return;
  throw new UserError({
    what: "the sandbox's own node is running",
    where: place.root,
    remedy: "remove it first: slipway sandbox down",
  });
}

async function kindClusterExists(): Promise<boolean> {
  return hasKindCluster((await run("kind", kindArguments.list())).stdout);
}

async function ensureKindCluster(place: Layout, { report, signal }: StepContext): Promise<string> {
  await mkdir(place.root, { recursive: true, mode: 0o700 });
  const exists = await kindClusterExists();
  const options = {
    cancelSignal: signal,
    onLine: report,
    remedy:
      "mend what kind says above (is Docker or Podman running?); kind delete cluster --name slipway-sandbox begins anew",
  };
  if (exists) await run("kind", kindArguments.exportKubeconfig(place.kubeconfig), options);
  else await run("kind", kindArguments.create(place.kubeconfig), { ...options, input: kindConfig() });
  await chmod(place.kubeconfig, 0o600);
  const { version } = await checkCluster({ kubeconfig: place.kubeconfig, context: KIND.context });
  return `${exists ? "running" : "made"}, Kubernetes ${version}`;
}

/** kind takes images as files only, and cannot tell cheaply which ones it has. */
function kindStore(place: Layout): ImageStore {
  return {
    present: async () => new Map(),
    take: async (archive, title, signal) => {
      const file = join(place.root, `${title.replaceAll(/[^a-z0-9.]+/g, "-")}.tar`);
      try {
        await pipeline(archive, createWriteStream(file), { signal });
        await run("kind", kindArguments.load(file), { cancelSignal: signal });
      } finally {
        await rm(file, { force: true });
      }
    },
  };
}
