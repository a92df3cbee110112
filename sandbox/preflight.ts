import { existsSync } from "node:fs";
import { platform } from "node:os";
import { dirname } from "node:path";
import { type Fault, UserError } from "../infra/lib/errors.ts";
import { listeners } from "../machine/ports.ts";
import { processes, type RunningProcess } from "../machine/processes.ts";
import { type Needs, resources, shortages } from "../machine/resources.ts";
import { run } from "../machine/run.ts";
import { CLUSTER } from "./addresses.ts";
import { type Layout, MAX_SOCKET_PATH } from "./layout.ts";
import { cgroupMounts, cgroupVersion } from "./node/cgroups.ts";
import { COMPONENTS } from "./node/components.ts";
import { executable, ownProcesses } from "./node/supervise.ts";
import { portFaults } from "./ports.ts";

const OTHER_WAYS =
  "run this as root on Linux; or use a cluster that is there: --context NAME; or let kind make one in containers: --kind";

/** What images, containers and the database take. */
const NEEDS: Needs = { diskGiB: 3, memoryGiB: 3 };

const DATA_FLAG = "--data-dir=";

/** Who asks, and where. */
export interface Host {
  readonly platform: NodeJS.Platform;
  /** Undefined where the system has no user ids. */
  readonly uid: number | undefined;
}

/** Refuses machines on which the node cannot run, naming the two ways that remain. */
export function hostFaults({ platform: system, uid }: Host): Fault[] {
  if (system !== "linux")
    return [{ what: `the sandbox's own node needs Linux, this is ${system}`, remedy: OTHER_WAYS }];
  if (uid !== 0)
    return [{ what: `the sandbox's own node needs root, this is user ${uid}`, remedy: OTHER_WAYS }];
  return [];
}

/** Throws where this machine or user cannot run the node. Needs nothing installed. */
export function requireHost(): void {
  const faults = hostFaults({ platform: platform(), uid: process.getuid?.() });
  if (faults.length > 0) throw new UserError(faults);
}

/**
 * Checks, before anything is changed, that the node can run here: programs, ports, socket path, cgroups.
 * The Debian packages must be there. @returns a note about the machine.
 */
export async function preflight(place: Layout): Promise<string> {
  requireHost();
  refuseSecondSandbox(place);
  const own = new Set(ownProcesses(place, executables()));
  const faults = [
    ...portFaults(await listeners(), own),
    ...socketFaults(place),
    ...(await proxyFaults(place)),
    ...(existsSync(place.images) ? [] : shortages(await resources(place.root), NEEDS, place.root)),
  ];
  if (faults.length > 0) throw new UserError(faults);
  return `cgroup v${cgroupVersion(cgroupMounts())}`;
}

/** The programs of all components; throws with all that are missing. */
function executables(): string[] {
  const faults: Fault[] = [];
  const found = COMPONENTS.flatMap((name) => {
    try {
      return executable(name);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      faults.push(...error.faults);
      return [];
    }
  });
  if (faults.length > 0) throw new UserError(faults);
  return found;
}

/** Folders of the sandboxes among the processes that are not this one, by their databases' command lines. */
export function otherSandboxes(running: readonly Pick<RunningProcess, "argv">[], place: Layout): string[] {
  return running
    .filter(({ argv }) => argv.includes(`--name=${CLUSTER.nodeName}`))
    .flatMap(({ argv }) => argv.find((text) => text.startsWith(DATA_FLAG))?.slice(DATA_FLAG.length) ?? [])
    .filter((folder) => folder !== place.etcd)
    .map((folder) => dirname(folder));
}

/** There is one set of ports, addresses and devices, so there can be one sandbox on a machine. */
function refuseSecondSandbox(place: Layout): void {
  const [other] = otherSandboxes(processes(), place);
  if (other === undefined) return;
  throw new UserError({
    what: "another sandbox runs on this machine",
    where: other,
    remedy: `use that one, or remove it first: SLIPWAY_HOME=${dirname(other)} slipway sandbox down`,
  });
}

/** The kernel cuts socket paths off; containerd would then fail with a message that helps nobody. */
export function socketFaults({ containerd }: Layout): Fault[] {
  if (containerd.socket.length <= MAX_SOCKET_PATH) return [];
  return [
    {
      what: `this path is ${containerd.socket.length} characters long; a socket's may have ${MAX_SOCKET_PATH}`,
      where: containerd.socket,
      remedy: "set SLIPWAY_HOME to a shorter folder",
    },
  ];
}

/** Two kube-proxies in nftables mode would write the same table. */
async function proxyFaults(place: Layout): Promise<Fault[]> {
  if (existsSync(place.machine)) return [];
  const { exitCode } = await run("nft", ["list", "table", "ip", "kube-proxy"], { allowFailure: true });
  if (exitCode !== 0) return [];
  return [
    {
      what: "another kube-proxy has its rules in this machine's nftables",
      where: "table ip kube-proxy",
      remedy: "stop that cluster, or use it: --context NAME. Left over? nft delete table ip kube-proxy",
    },
  ];
}
