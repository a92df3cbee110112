import { isIP } from "node:net";
import type { KubernetesObject, V1ConfigMap } from "@kubernetes/client-node";
import { CLUSTER } from "../addresses.ts";
import {
  type Addon,
  addonLabels,
  deployment,
  patientProbe,
  quickProbe,
  service,
  serviceAccount,
} from "./objects.ts";

export const COREDNS: Addon = { name: "coredns", namespace: "kube-system" };

/** Above 1023, so that no privilege is needed; the Service turns 53 into it. */
const DNS_PORT = 1_053;
const CONFIG_FOLDER = "/etc/coredns";

/** Name servers in the text of a resolv.conf that a pod can reach: loopback would be the pod itself, link-local its link. */
export function upstreams(resolvConf: string): string[] {
  return resolvConf.split("\n").flatMap((line) => {
    const [keyword, address = ""] = line.trim().split(/\s+/);
    const usable = keyword === "nameserver" && isIP(address) !== 0 && !/^(127\.|::1$|fe80:)/i.test(address);
    return usable ? [address] : [];
  });
}

/** CoreDNS's config. Without an upstream every name outside of the cluster does not exist. */
export function corefile(upstream: readonly string[]): string {
  const outside =
    upstream.length === 0
      ? "template ANY ANY {\n        rcode NXDOMAIN\n    }"
      : `forward . ${upstream.join(" ")}\n    cache 30\n    loop`;
  return `${CLUSTER.domain}:${DNS_PORT} in-addr.arpa:${DNS_PORT} ip6.arpa:${DNS_PORT} {
    errors
    health :8080
    ready :8181
    prometheus :9153
    kubernetes ${CLUSTER.domain} in-addr.arpa ip6.arpa {
        pods insecure
        ttl 5
    }
    cache 5
    loadbalance
    reload
}
.:${DNS_PORT} {
    errors
    prometheus :9153
    ${outside}
}
`;
}

/** The cluster's DNS. */
export function coredns(image: string, upstream: readonly string[]): KubernetesObject[] {
  const { name, namespace } = COREDNS;
  const config: V1ConfigMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace, labels: addonLabels(name) },
    data: { Corefile: corefile(upstream) },
  };
  return [
    ...serviceAccount(COREDNS, [
      { apiGroups: [""], resources: ["services", "pods", "namespaces"], verbs: ["list", "watch"] },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
    ]),
    config,
    deployment({
      ...COREDNS,
      container: {
        image,
        args: ["-conf", `${CONFIG_FOLDER}/Corefile`],
        ports: [
          { name: "dns", containerPort: DNS_PORT, protocol: "UDP" },
          { name: "dns-tcp", containerPort: DNS_PORT, protocol: "TCP" },
          { name: "metrics", containerPort: 9_153, protocol: "TCP" },
        ],
        readinessProbe: quickProbe("/ready", 8_181),
        livenessProbe: patientProbe("/health", 8_080),
        resources: { requests: { cpu: "20m", memory: "48Mi" }, limits: { memory: "170Mi" } },
        volumeMounts: [{ name: "config", mountPath: CONFIG_FOLDER, readOnly: true }],
      },
      volumes: [{ name: "config", configMap: { name } }],
      // The label by which network policies find the DNS of any cluster.
      podLabels: { "k8s-app": "kube-dns" },
    }),
    service(COREDNS, {
      clusterIP: CLUSTER.dnsAddress,
      ports: [
        { name: "dns", port: 53, targetPort: DNS_PORT, protocol: "UDP" },
        { name: "dns-tcp", port: 53, targetPort: DNS_PORT, protocol: "TCP" },
        { name: "metrics", port: 9_153, targetPort: 9_153, protocol: "TCP" },
      ],
    }),
  ];
}
