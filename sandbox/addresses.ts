/**
 * Names and addresses of the sandbox's cluster. The ranges are none that Docker, Podman, kubeadm, k3s, kind, MicroK8s or
 * CRC take by default; `up` refuses to start when a route of this machine overlaps them.
 */
export const CLUSTER = {
  /** Context, cluster and user prefix of the kubeconfig. */
  context: "slipway-sandbox",
  nodeName: "slipway-sandbox",
  domain: "cluster.local",
  podRange: "10.219.0.0/16",
  serviceRange: "10.220.0.0/16",
  /** First of the service range: the Service `kubernetes`. */
  apiServiceAddress: "10.220.0.1",
  dnsAddress: "10.220.0.10",
  /**
   * The node's own address, the pods' gateway. It sits on a device of ours, so it stays when the machine changes its
   * network, and nobody outside of this machine reaches it.
   */
  nodeAddress: "10.219.0.1",
  /** Network device that carries the node's address; also the name of our nftables table and CNI network. */
  device: "slipway0",
  /** Root of all cgroups of pods. */
  cgroup: "slipway",
} as const;

/** IPv4 text to a number. */
function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function bounds(range: string): readonly [number, number] {
  const [address = "", bits = "32"] = range.split("/");
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(toNumber(address) / size) * size;
  return [first, first + size - 1];
}

/** Whether two IPv4 ranges (`10.0.0.0/8`; a bare address is a /32) share an address. */
export function overlap(one: string, other: string): boolean {
  const [firstA, lastA] = bounds(one);
  const [firstB, lastB] = bounds(other);
  return firstA <= lastB && firstB <= lastA;
}
