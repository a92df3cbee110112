import { existsSync } from "node:fs";
import { platform } from "node:os";
import { type Fault, UserError } from "../infra/lib/errors.ts";
import { listeners } from "../machine/ports.ts";
import { type Needs, resources, shortages } from "../machine/resources.ts";
import { run } from "../machine/run.ts";
import { type Layout, MAX_SOCKET_PATH } from "./layout.ts";
import { cgroupMounts, cgroupVersion } from "./node/cgroups.ts";
import { COMPONENTS } from "./node/components.ts";
import { executable, ownProcesses } from "./node/supervise.ts";
import { portFaults } from "./ports.ts";

const OTHER_WAYS =
  "run this as root on Linux; or use a cluster that is there: --context NAME; or let kind make one in containers: --kind";

/** What images, containers and the database take. */
const NEEDS: Needs = { diskGiB: 3, memoryGiB: 3 };

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
  const own = new Set(ownProcesses(place, COMPONENTS.map(executable)));
  const faults = [
    ...portFaults(await listeners(), own),
    ...socketFaults(place),
    ...(await proxyFaults(place)),
    ...(existsSync(place.images) ? [] : shortages(await resources(place.root), NEEDS, place.root)),
  ];
  if (faults.length > 0) throw new UserError(faults);
  return `cgroup v${cgroupVersion(cgroupMounts())}`;
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
