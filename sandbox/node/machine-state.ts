import { existsSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { writeWhole } from "../../machine/processes.ts";
import { run } from "../../machine/run.ts";

/** What the machine was like before the sandbox's first `up`, as far as the node's programs change it. */
export interface MachineState {
  /** Kernel settings by path below /proc/sys. */
  readonly settings: Readonly<Record<string, string>>;
  /** Folders that did not exist. */
  readonly absentFolders: readonly string[];
  /** nftables tables that did not exist. */
  readonly absentTables: readonly string[];
}

/** The setting by which the kernel passes packets on, also needed by others who connect containers or machines. */
export const IP_FORWARD = "net/ipv4/ip_forward";

/** Kernel settings that kubelet, kube-proxy and the CNI plugins write. */
const SETTINGS = [
  IP_FORWARD,
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
];

/** Folders outside of ours that the node's programs make because their place is fixed. Children before parents. */
const FIXED_FOLDERS = [
  "/var/lib/kubelet/device-plugins",
  "/var/lib/kubelet",
  "/var/lib/cni/results",
  "/var/lib/cni",
  "/var/log/containers",
  "/run/containerd/fifo",
  "/run/containerd/s",
  "/run/containerd",
  "/run/netns",
];

/** Tables that the command `iptables` makes in nftables the first time that it is used. */
const IPTABLES_TABLES = ["ip nat", "ip filter", "ip mangle", "ip6 nat", "ip6 filter", "ip6 mangle"];

const settingFile = (name: string) => `/proc/sys/${name}`;

/** Writes down the machine's state, once: what a former, unfinished `up` wrote is the truth. */
export async function recordMachineState(file: string): Promise<void> {
  if (existsSync(file)) return;
  const present = SETTINGS.filter((name) => existsSync(settingFile(name)));
  const state: MachineState = {
    settings: Object.fromEntries(
      present.map((name) => [name, readFileSync(settingFile(name), "utf8").trim()]),
    ),
    absentFolders: FIXED_FOLDERS.filter((folder) => !existsSync(folder)),
    absentTables: await absentTables(),
  };
  await writeWhole(file, JSON.stringify(state));
}

/** Lets the kernel pass packets between pods and the machine's network. */
export function enableForwarding(): void {
  if (readFileSync(settingFile(IP_FORWARD), "utf8").trim() !== "1")
    writeFileSync(settingFile(IP_FORWARD), "1");
}

/** The machine as it was before; undefined when no `up` got as far as changing it. */
export function readMachineState(file: string): MachineState | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as MachineState) : undefined;
}

/**
 * Restores what {@link recordMachineState} wrote down. Folders and tables go only when they are empty.
 * @param keep settings that others have come to need.
 */
export async function restoreMachine(state: MachineState, keep: readonly string[]): Promise<void> {
  for (const [name, value] of Object.entries(state.settings)) {
    if (keep.includes(name) || readFileSync(settingFile(name), "utf8").trim() === value) continue;
    writeFileSync(settingFile(name), value);
  }
  for (const table of state.absentTables) await removeTableIfEmpty(table);
  for (const folder of state.absentFolders) removeFolderIfEmpty(folder);
}

interface TableItem {
  readonly metainfo?: object;
  readonly table?: object;
  readonly chain?: { readonly hook?: string; readonly policy?: string };
}

/** Whether the output of `nft --json list table` holds nothing but chains that let everything pass. */
export function isEmptyTable(json: string): boolean {
  const { nftables } = JSON.parse(json) as { readonly nftables: readonly TableItem[] };
  return nftables.every(
    ({ metainfo, table, chain }) =>
      metainfo !== undefined ||
      table !== undefined ||
      (chain?.hook !== undefined && chain.policy === "accept"),
  );
}

async function absentTables(): Promise<string[]> {
  const present = (await run("nft", ["list", "tables"])).stdout
    .split("\n")
    .map((line) => line.replace(/^table /, ""));
  return IPTABLES_TABLES.filter((table) => !present.includes(table));
}

async function removeTableIfEmpty(table: string): Promise<void> {
  const name = table.split(" ");
  const { exitCode, stdout } = await run("nft", ["--json", "list", "table", ...name], { allowFailure: true });
  if (exitCode === 0 && isEmptyTable(stdout)) await run("nft", ["delete", "table", ...name]);
}

/** Gone already; others' files in it; others' mount on it, as `ip netns add` makes one on its folder. */
const KEPT = ["ENOENT", "ENOTEMPTY", "EBUSY"];

function removeFolderIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || !KEPT.includes(code)) throw error;
  }
}
