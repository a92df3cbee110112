import { CLUSTER } from "../addresses.ts";
import type { Layout } from "../layout.ts";
import { certificateFiles } from "../pki/files.ts";
import { PORTS } from "../ports.ts";

/** The kubelet's config file, as JSON. `resolvConf` is the file that pods with the machine's DNS get. */
export function kubeletConfig({ pki, containerd, podLogs, kubelet }: Layout, resolvConf: string): string {
  const serving = certificateFiles(pki, "kubelet");
  const config = {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: CLUSTER.nodeAddress,
    port: PORTS.kubelet,
    readOnlyPort: 0,
    healthzBindAddress: "127.0.0.1",
    healthzPort: PORTS.kubeletHealth,
    tlsCertFile: serving.certificate,
    tlsPrivateKeyFile: serving.key,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true, cacheTTL: "2m0s" },
      x509: { clientCAFile: certificateFiles(pki, "ca").certificate },
    },
    authorization: { mode: "Webhook" },
    clusterDNS: [CLUSTER.dnsAddress],
    clusterDomain: CLUSTER.domain,
    resolvConf,
    containerRuntimeEndpoint: `unix://${containerd.socket}`,
    podLogsDir: podLogs,
    volumePluginDir: `${kubelet}/volume-plugins`,
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${CLUSTER.cgroup}`,
    cgroupsPerQOS: true,
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    // kubelet's own iptables chains would be shared with every other kubelet of this machine; ours are in nftables.
    makeIPTablesUtilChains: false,
    // Images cannot be pulled again: there is no registry. Never delete one.
    imageGCHighThresholdPercent: 100,
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    serializeImagePulls: false,
    containerLogMaxSize: "10Mi",
    containerLogMaxFiles: 3,
    // Status changes reach the API server at once; the sandbox's API server has no other work.
    kubeAPIQPS: 100,
    kubeAPIBurst: 200,
    logging: { format: "text", verbosity: 1 },
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

/** kube-proxy's config file, as JSON. */
export function kubeProxyConfig(kubeconfig: string): string {
  const config = {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "nftables",
    clusterCIDR: CLUSTER.podRange,
    hostnameOverride: CLUSTER.nodeName,
    clientConnection: { kubeconfig },
    healthzBindAddress: `127.0.0.1:${PORTS.kubeProxyHealth}`,
    metricsBindAddress: `127.0.0.1:${PORTS.kubeProxyMetrics}`,
    nodePortAddresses: ["primary"],
    nftables: { minSyncPeriod: "0s", syncPeriod: "30s" },
    // Zero leaves the machine's own connection tracking limits as they are.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
