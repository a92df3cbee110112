import { CLUSTER } from "../addresses.ts";
import type { Layout } from "../layout.ts";
import { CNI_PLUGINS } from "../requirements.ts";

/**
 * containerd's config file. Every folder that it would take from the machine's own containerd by default is ours.
 * @param pauseImage image of the container that holds a pod's network.
 */
export function containerdConfig({ containerd, cni }: Layout, pauseImage: string): string {
  const text = JSON.stringify;
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = ${text(containerd.root)}
state = ${text(containerd.state)}
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.internal.v1.tracing",
]

[grpc]
  address = ${text(containerd.socket)}

[plugins."io.containerd.internal.v1.opt"]
  path = ${text(`${containerd.root}/opt`)}

[${cri}]
  sandbox_image = ${text(pauseImage)}
  # Without CAP_SYS_RESOURCE (nested machines) runc could not lower a pod's OOM score below containerd's own.
  restrict_oom_score_adj = true
  # Network namespaces of pods are mounted below our folder, so that "down" finds them.
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"

  [${cri}.cni]
    bin_dir = ${text(CNI_PLUGINS)}
    conf_dir = ${text(cni.config)}

  [${cri}.containerd]
    snapshotter = "overlayfs"

    [${cri}.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

      [${cri}.containerd.runtimes.runc.options]
        SystemdCgroup = false
        Root = ${text(containerd.runc)}
`;
}

/**
 * The pods' network: a point-to-point link per pod, so that all traffic between pods passes the kernel's routing, where
 * Services are translated back and where a partition can be made.
 */
export function cniConfig({ cni }: Layout): string {
  const { device, podRange, nodeAddress } = CLUSTER;
  const config = {
    cniVersion: "1.0.0",
    name: device,
    plugins: [
      {
        type: "ptp",
        ipMasq: false,
        ipam: {
          type: "host-local",
          dataDir: cni.addresses,
          ranges: [[{ subnet: podRange, gateway: nodeAddress }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
