import type { DebianPackage } from "../machine/packages.ts";

/** Folder with the CNI plugins of Debian's package. */
export const CNI_PLUGINS = "/usr/lib/cni";

/** Everything that the sandbox needs of Debian. */
export const SANDBOX_PACKAGES: readonly DebianPackage[] = [
  { name: "containerd", provides: ["containerd", "ctr"], purpose: "runs the containers" },
  { name: "runc", provides: ["runc"], purpose: "starts one container" },
  {
    name: "containernetworking-plugins",
    provides: ["ptp", "host-local", "portmap", "loopback"].map((plugin) => `${CNI_PLUGINS}/${plugin}`),
    purpose: "connects pods to the network",
  },
  { name: "nftables", provides: ["nft"], purpose: "Services and pod traffic" },
  { name: "iptables", provides: ["iptables"], purpose: "the gateway's port on this machine" },
  { name: "iproute2", provides: ["ip", "ss"], purpose: "network devices, ports in use" },
  { name: "busybox-static", provides: ["/bin/busybox"], purpose: "the container that holds a pod's network" },
];
