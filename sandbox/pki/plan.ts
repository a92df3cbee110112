import { CLUSTER } from "../addresses.ts";
import type { CertificateRequest } from "./certificate.ts";

/** The three authorities. etcd and the front proxy have their own, so that no cluster certificate opens them. */
export const AUTHORITIES = {
  ca: "slipway-sandbox-ca",
  "etcd-ca": "slipway-sandbox-etcd-ca",
  "front-proxy-ca": "slipway-sandbox-front-proxy-ca",
} as const;

export type AuthorityName = keyof typeof AUTHORITIES;

/** A certificate of the cluster: who signs it, and what it says. */
export interface PlannedCertificate extends CertificateRequest {
  /** File name without extension. */
  readonly name: string;
  readonly authority: AuthorityName;
}

const LOOPBACK = "127.0.0.1";
const { nodeName, nodeAddress, domain } = CLUSTER;

/** Name that the API server gives itself towards aggregated API servers. */
export const FRONT_PROXY_CLIENT = "front-proxy-client";

/** Group that the API server belongs to when it asks the kubelet. */
export const KUBELET_CLIENT_GROUP = "slipway:kubelet-api-admins";

/** Names under which pods reach the API server. */
const API_SERVICE_NAMES = [
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  `kubernetes.default.svc.${domain}`,
];

/** Every certificate of the cluster. */
export const CERTIFICATES: readonly PlannedCertificate[] = [
  {
    name: "apiserver",
    authority: "ca",
    commonName: "kube-apiserver",
    usage: "server",
    dns: [...API_SERVICE_NAMES, "localhost"],
    addresses: [LOOPBACK, nodeAddress, CLUSTER.apiServiceAddress],
  },
  {
    name: "apiserver-kubelet-client",
    authority: "ca",
    commonName: "kube-apiserver-kubelet-client",
    organisation: KUBELET_CLIENT_GROUP,
    usage: "client",
  },
  {
    name: "kubelet",
    authority: "ca",
    commonName: `system:node:${nodeName}`,
    organisation: "system:nodes",
    usage: "server",
    dns: [nodeName],
    addresses: [nodeAddress],
  },
  {
    name: "kubelet-client",
    authority: "ca",
    commonName: `system:node:${nodeName}`,
    organisation: "system:nodes",
    usage: "client",
  },
  client("controller-manager", "system:kube-controller-manager"),
  loopbackServer("controller-manager-server", "kube-controller-manager"),
  client("scheduler", "system:kube-scheduler"),
  loopbackServer("scheduler-server", "kube-scheduler"),
  client("kube-proxy", "system:kube-proxy"),
  { ...client("admin", "slipway-admin"), organisation: "system:masters" },
  { ...client(FRONT_PROXY_CLIENT, FRONT_PROXY_CLIENT), authority: "front-proxy-ca" },
  {
    name: "etcd",
    authority: "etcd-ca",
    commonName: "etcd",
    usage: "peer",
    dns: ["localhost"],
    addresses: [LOOPBACK],
  },
  { ...client("apiserver-etcd-client", "kube-apiserver-etcd-client"), authority: "etcd-ca" },
];

function client(name: string, commonName: string): PlannedCertificate {
  return { name, authority: "ca", commonName, usage: "client" };
}

function loopbackServer(name: string, commonName: string): PlannedCertificate {
  return { name, authority: "ca", commonName, usage: "server", dns: ["localhost"], addresses: [LOOPBACK] };
}
