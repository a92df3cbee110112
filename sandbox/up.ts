import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Lock } from "../machine/lock.ts";
import { installPackages, missingPackages } from "../machine/packages.ts";
import { writeWhole } from "../machine/processes.ts";
import type { Step, StepContext } from "../machine/steps.ts";
import { upstreams } from "./addons/coredns.ts";
import { imageSpecs, PAUSE_IMAGE } from "./images/catalogue.ts";
import { type Layout, layout } from "./layout.ts";
import { lockSandbox } from "./lock.ts";
import { cgroupMounts, ensureCgroups } from "./node/cgroups.ts";
import { type ComponentName, componentCommands, componentKubeconfig, configFile } from "./node/components.ts";
import { cniConfig, containerdConfig } from "./node/containerd.ts";
import { kubeletConfig, kubeProxyConfig } from "./node/kubelet.ts";
import { enableForwarding, recordMachineState } from "./node/machine-state.ts";
import { ensureNetwork } from "./node/network.ts";
import { ensureRunning, waitHealthy } from "./node/supervise.ts";
import { ensureCertificates, readPair } from "./pki/files.ts";
import { kubeconfig } from "./pki/kubeconfig.ts";
import { GATEWAY_URL } from "./ports.ts";
import { preflight, requireHost } from "./preflight.ts";
import { SANDBOX_PACKAGES } from "./requirements.ts";

/** systemd-resolved's real name servers; its /etc/resolv.conf names only itself. */
const RESOLV_CONFS = ["/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"];

const DATABASE_AND_API: readonly ComponentName[] = ["etcd", "kube-apiserver"];
/** Give up after ten seconds without the API server, so they start after it. */
const CONTROL_LOOPS: readonly ComponentName[] = ["kube-controller-manager", "kube-scheduler"];
const NODE: readonly ComponentName[] = ["kubelet", "kube-proxy"];
/** Certificate -> file name of the kubeconfig made from it. */
const KUBECONFIGS = {
  "controller-manager": "controller-manager",
  scheduler: "scheduler",
  "kube-proxy": "kube-proxy",
  "kubelet-client": "kubelet",
} as const;

/**
 * The steps that lead from any state of the machine to a running, ready cluster; those that have nothing to do take no
 * time. They hold {@link lockSandbox} from the first to the last; a failed run holds it until the process ends.
 * @param what the command, for whoever finds the lock taken.
 */
export function upSteps(what: string): Step[] {
  const place = layout();
  let lock: Lock | undefined;
  return [
    {
      title: "Debian packages",
      run: async (context) => {
        requireHost();
        lock = await lockSandbox(what);
        const missing = missingPackages(SANDBOX_PACKAGES);
        await installPackages(missing, context);
        return missing.length === 0 ? "present" : `installed ${missing.map(({ name }) => name).join(", ")}`;
      },
    },
    { title: "Check of the machine", run: () => preflight(place) },
    {
      title: "Certificates and configuration",
      run: async () => {
        mkdirSync(place.root, { recursive: true, mode: 0o700 });
        const made = await ensureCertificates(place.pki);
        await writeConfigs(place);
        return made.length === 0 ? "valid" : `made ${made.join(", ")}`;
      },
    },
    {
      title: "Network and cgroups",
      run: async () => {
        await recordMachineState(place.machine);
        enableForwarding();
        ensureCgroups(cgroupMounts());
        await ensureNetwork();
        return undefined;
      },
    },
    {
      title: "Containers and images",
      run: async (context) => {
        await startAll(place, ["containerd"], context);
        // They take their time to come up; meanwhile the images are made.
        for (const name of DATABASE_AND_API) await ensureRunning(place, componentCommands(place)[name]);
        const [{ ensureImages }, { containerdStore }] = await Promise.all([
          import("./images/import.ts"),
          import("./images/containerd-store.ts"),
        ]);
        const made = await ensureImages(place, containerdStore(place), await imageSpecs(), context);
        return made.length === 0 ? "present" : `made ${made.join(", ")}`;
      },
    },
    {
      title: "Control plane",
      run: async (context) => {
        await startAll(place, DATABASE_AND_API, context);
        await startAll(place, CONTROL_LOOPS, context);
        return undefined;
      },
    },
    {
      title: "Node",
      run: async (context) => {
        const before = new Date();
        const started = await startAll(place, NODE, context);
        const { waitNodeReady } = await import("./node/ready.ts");
        await waitNodeReady(place, context, started.includes("kubelet") ? before : new Date(0));
        return undefined;
      },
    },
    {
      title: "Add-ons",
      run: async (context) => {
        const [{ ensureAddons }, { nodeAddons }, { sandboxConfig }, { sandboxImages }, { waitServed }] =
          await Promise.all([
            import("./addons/apply.ts"),
            import("./addons/addons.ts"),
            import("./cluster.ts"),
            import("./images/import.ts"),
            import("./node/ready.ts"),
          ]);
        const images = Object.fromEntries(
          (await sandboxImages(place)).map(({ name, pinned }) => [name, pinned]),
        );
        const addons = nodeAddons(images, upstreams(readFileSync(resolvConf(), "utf8")));
        const applied = await ensureAddons(sandboxConfig(place), addons, context);
        await waitServed(context);
        await lock?.release();
        return applied ? `applied; gateway on ${GATEWAY_URL}` : `ready; gateway on ${GATEWAY_URL}`;
      },
    },
  ];
}

/** Starts what does not run, all at once, and waits until all of it is healthy. @returns what was started. */
async function startAll(
  place: Layout,
  names: readonly ComponentName[],
  context: StepContext,
): Promise<string[]> {
  const commands = componentCommands(place);
  const started: string[] = [];
  for (const name of names) {
    context.signal.throwIfAborted();
    if (await ensureRunning(place, commands[name])) started.push(name);
  }
  const waiting = new Set(names);
  await Promise.all(
    names.map(async (name) => {
      await waitHealthy(place, name, context.signal);
      waiting.delete(name);
      if (waiting.size > 0) context.report(`waiting for ${[...waiting].join(", ")}`);
    }),
  );
  return started;
}

async function writeConfigs(place: Layout): Promise<void> {
  for (const folder of [
    place.config,
    place.cni.config,
    place.etcd,
    place.kubelet,
    place.podLogs,
    place.logs,
    place.run,
  ]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  const authority = (await readPair(place.pki, "ca"))?.certificate ?? "";
  const access = async (certificate: string, user: string) => {
    const pair = await readPair(place.pki, certificate);
    if (pair === undefined) throw new Error(`no certificate "${certificate}"`);
    return kubeconfig(user, authority, pair);
  };
  await writeWhole(place.kubeconfig, await access("admin", "slipway-admin"));
  for (const [certificate, name] of Object.entries(KUBECONFIGS)) {
    await writeWhole(componentKubeconfig(place, name), await access(certificate, name));
  }
  await writeWhole(configFile(place, "containerd"), containerdConfig(place, PAUSE_IMAGE));
  await writeWhole(join(place.cni.config, "10-slipway.conflist"), cniConfig(place));
  await writeWhole(configFile(place, "kubelet"), kubeletConfig(place, resolvConf()));
  await writeWhole(
    configFile(place, "kube-proxy"),
    kubeProxyConfig(componentKubeconfig(place, "kube-proxy")),
  );
}

function resolvConf(): string {
  return RESOLV_CONFS.find((file) => existsSync(file)) ?? (RESOLV_CONFS.at(-1) as string);
}
