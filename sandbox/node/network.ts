import { UserError } from "../../infra/lib/errors.ts";
import { run } from "../../machine/run.ts";
import { CLUSTER, overlap } from "../addresses.ts";

/** A network device as `ip -json -details address` shows it. */
export interface Device {
  readonly ifname: string;
  readonly linkinfo?: { readonly info_kind?: string };
  readonly addr_info?: readonly { readonly local?: string }[];
}

interface Route {
  readonly dst: string;
  readonly dev?: string;
}

const { device, nodeAddress, podRange, serviceRange } = CLUSTER;

/** Our own packet rules: pods reach other networks under the machine's address, and not its loopback. */
export function networkRules(): string {
  return `table ip ${device}
delete table ip ${device}
table ip ${device} {
  chain outgoing {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${podRange} ip daddr != ${podRange} masquerade
  }
  chain incoming {
    type filter hook input priority filter; policy accept;
    ip saddr ${podRange} ip daddr 127.0.0.0/8 ct state { invalid, new } drop
  }
}
`;
}

/** All network devices. */
export async function devices(): Promise<Device[]> {
  return JSON.parse((await run("ip", ["-json", "-details", "address"])).stdout) as Device[];
}

/** Devices of the sandbox: those that carry the node's address. */
export function ownDevices(all: readonly Device[]): string[] {
  return all
    .filter(
      ({ ifname, addr_info }) => ifname === device || addr_info?.some(({ local }) => local === nodeAddress),
    )
    .map(({ ifname }) => ifname);
}

/** Whether somebody else on this machine connects containers, machines or networks. */
export function othersForward(all: readonly Device[]): boolean {
  const own = new Set(ownDevices(all));
  const kinds = new Set(["bridge", "veth", "tun", "wireguard"]);
  return all.some(({ ifname, linkinfo }) => kinds.has(linkinfo?.info_kind ?? "") && !own.has(ifname));
}

/** Makes the node's device and packet rules. Idempotent. */
export async function ensureNetwork(): Promise<void> {
  await refuseOverlap();
  if (!(await devices()).some(({ ifname }) => ifname === device)) {
    await run("ip", ["link", "add", device, "type", "bridge"]);
  }
  await run("ip", ["address", "replace", `${nodeAddress}/32`, "dev", device]);
  await run("ip", ["link", "set", device, "up"]);
  await run("nft", ["-f", "-"], { input: networkRules() });
  await allowForwarding();
}

/** A VPN or another cluster with our addresses would swallow the pods' traffic, or we theirs. */
async function refuseOverlap(): Promise<void> {
  const own = new Set(ownDevices(await devices()));
  const routes = JSON.parse(
    (await run("ip", ["-json", "-4", "route", "show", "table", "all"])).stdout,
  ) as Route[];
  const faults = routes
    .filter(({ dst, dev }) => /^\d/.test(dst) && !(dev !== undefined && own.has(dev)))
    .flatMap(({ dst, dev = "no device" }) =>
      [podRange, serviceRange]
        .filter((range) => overlap(range, dst))
        .map((range) => ({
          what: `the sandbox's addresses ${range} are taken by the route to ${dst}`,
          where: `network device ${dev}`,
          remedy: `remove that route while the sandbox runs, or use another cluster: --context NAME`,
        })),
    );
  if (faults.length > 0) throw new UserError(faults);
}

const FORWARD_RULES = [
  ["FORWARD", "-s", podRange, "-m", "comment", "--comment", device, "-j", "ACCEPT"],
  ["FORWARD", "-d", podRange, "-m", "comment", "--comment", device, "-j", "ACCEPT"],
];

/** Docker and some firewalls drop what they do not know; then pods need their own permission. */
async function allowForwarding(): Promise<void> {
  const { stdout } = await run("iptables", ["-w", "-S", "FORWARD"]);
  if (!/^-P FORWARD DROP$/m.test(stdout)) return;
  for (const rule of FORWARD_RULES) {
    const { exitCode } = await run("iptables", ["-w", "-C", ...rule], { allowFailure: true });
    if (exitCode !== 0) await run("iptables", ["-w", "-I", ...rule]);
  }
}

/** Removes our devices, packet rules and permissions. */
export async function removeNetwork(): Promise<void> {
  const all = await devices();
  for (const name of ownDevices(all)) await run("ip", ["link", "delete", name], { allowFailure: true });
  for (const table of [`ip ${device}`, "ip kube-proxy", "ip6 kube-proxy"]) {
    await run("nft", ["delete", "table", ...table.split(" ")], { allowFailure: true });
  }
  for (const rule of FORWARD_RULES) await run("iptables", ["-w", "-D", ...rule], { allowFailure: true });
}
