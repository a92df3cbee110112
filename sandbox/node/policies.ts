import { type KubeConfig, NetworkingV1Api } from "@kubernetes/client-node";
import { run } from "../../machine/run.ts";

/** A rule that hands packets to a program, as enforcers of network policies do; only checked, never loaded. */
const QUEUE_PROBE = `table inet slipway-probe {
  chain forwarded {
    type filter hook forward priority filter;
    queue num 100
  }
}
`;

/** Says so where network policies are declared: nothing in the sandbox enforces them. */
export async function policyWarnings(config: KubeConfig): Promise<string[]> {
  const policies = await config.makeApiClient(NetworkingV1Api).listNetworkPolicyForAllNamespaces();
  if (policies.items.length === 0) return [];
  return [policyWarning(policies.items.length, await kernelCanQueue())];
}

/** The warning's text. Pure. */
export function policyWarning(policies: number, canQueue: boolean): string {
  const kernel = canQueue ? "" : ", and this kernel could not serve one: it has no nftables queue";
  return `${policies} NetworkPolicies are declared but not enforced here: the sandbox has no policy controller${kernel}`;
}

async function kernelCanQueue(): Promise<boolean> {
  const { exitCode } = await run("nft", ["--check", "--file", "-"], {
    input: QUEUE_PROBE,
    allowFailure: true,
  });
  return exitCode === 0;
}
