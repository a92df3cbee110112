import { run } from "../../machine/run.ts";
import { CLUSTER } from "../addresses.ts";

/** Chains that all users of the CNI plugin "portmap" share. */
const SHARED_CHAINS = ["CNI-HOSTPORT-DNAT", "CNI-HOSTPORT-SETMARK", "CNI-HOSTPORT-MASQ"];
const [DNAT = ""] = SHARED_CHAINS;

/**
 * What removes a network's host ports, as input of `iptables-restore --noflush`; undefined when there are none.
 * The shared chains go with the last host port of any network.
 * @param saved output of `iptables-save -t nat`.
 */
export function hostPortRemoval(saved: string, network: string): string | undefined {
  const rules = saved.split("\n").filter((line) => line.startsWith("-A "));
  const ports = rules.filter((rule) => rule.startsWith(`-A ${DNAT} `));
  const own = ports.filter((rule) => rule.includes(`dnat name: \\"${network}\\" id: `));
  const isLast = own.length === ports.length && saved.includes(`:${DNAT} `);
  if (own.length === 0 && !isLast) return undefined;
  const shared = isLast ? SHARED_CHAINS.filter((chain) => saved.includes(`:${chain} `)) : [];
  const jumps = rules.filter(
    (rule) => shared.some((chain) => rule.endsWith(`-j ${chain}`)) && !inOwnChain(rule, own),
  );
  const chains = [...own.map(targetOf), ...shared];
  const removals = [
    ...(isLast ? jumps.filter((rule) => !shared.some((chain) => rule.startsWith(`-A ${chain} `))) : own),
  ];
  return [
    "*nat",
    ...removals.map((rule) => rule.replace(/^-A/, "-D")),
    ...chains.map((chain) => `-F ${chain}`),
    ...chains.map((chain) => `-X ${chain}`),
    "COMMIT",
    "",
  ].join("\n");
}

/** Removes the host ports of the sandbox's pods. */
export async function removeHostPorts(): Promise<void> {
  const { exitCode, stdout } = await run("iptables-save", ["-t", "nat"], { allowFailure: true });
  const removal = exitCode === 0 ? hostPortRemoval(stdout, CLUSTER.device) : undefined;
  if (removal !== undefined) await run("iptables-restore", ["--wait", "--noflush"], { input: removal });
}

function targetOf(rule: string): string {
  return rule.slice(rule.lastIndexOf(" ") + 1);
}

function inOwnChain(rule: string, own: readonly string[]): boolean {
  return own.some((port) => rule.startsWith(`-A ${targetOf(port)} `));
}
