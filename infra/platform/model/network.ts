import type { ClusterConfig } from "../../config/schema/cluster.ts";
import { NAMESPACE_NAME } from "../../lib/labels.ts";

/** Labels that pods or namespaces must have. */
export type Labels = Readonly<Record<string, string>>;

/** Without `matchLabels`: all of them. */
export interface Selector {
  readonly matchLabels?: Labels;
}

/** The other end of a connection. */
export interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string };
}

interface Port {
  readonly protocol: "TCP" | "UDP";
  readonly port: number;
}

/** A NetworkPolicy, without its namespace. */
export interface NetworkPolicy {
  readonly name: string;
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes: ("Ingress" | "Egress")[];
    readonly ingress?: { readonly from?: Peer[]; readonly ports?: Port[] }[];
    readonly egress?: { readonly to?: Peer[]; readonly ports?: Port[] }[];
  };
}

/** One direction of traffic that is allowed; without peers: from or to anywhere. */
export interface Allow {
  readonly peers?: Peer[];
  /** TCP ports; none: all ports and protocols. */
  readonly ports?: readonly number[];
}

const DNS: Port[] = [
  { protocol: "UDP", port: 53 },
  { protocol: "TCP", port: 53 },
];

/** Where every cluster serves `kubernetes.default`, before the address is translated to the API server's own. */
const KUBERNETES_SERVICE_PORT = 443;

function select(matchLabels: Labels | undefined): Selector {
  return matchLabels === undefined ? {} : { matchLabels };
}

/** Some pods of a namespace; without labels all of them. */
export function podsIn(namespace: string, labels?: Labels): Peer {
  return { namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: namespace } }, podSelector: select(labels) };
}

/** Some pods of the policy's own namespace; without labels all of them. */
export function podsHere(labels?: Labels): Peer {
  return { podSelector: select(labels) };
}

/** All pods of the cluster. */
export const anyPod: Peer = { namespaceSelector: {} };

/** A range of addresses. */
export function addresses(cidr: string): Peer {
  return { ipBlock: { cidr } };
}

/** Closes a namespace in both directions, except for questions to the cluster's DNS. */
export function baseline(): NetworkPolicy[] {
  const dns = { to: [podsIn("kube-system", { "k8s-app": "kube-dns" })], ports: DNS };
  return [
    { name: "default-deny", spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] } },
    { name: "allow-dns", spec: { podSelector: {}, policyTypes: ["Egress"], egress: [dns] } },
  ];
}

/** Ways in and out that are opened; an empty list leaves that direction as it is. */
export interface Ways {
  readonly ingress?: readonly Allow[];
  readonly egress?: readonly Allow[];
}

/** A policy that opens a few ways for some pods (without labels: all of the namespace). */
export function allow(
  name: string,
  pods: Labels | undefined,
  { ingress = [], egress = [] }: Ways,
): NetworkPolicy {
  const policyTypes: NetworkPolicy["spec"]["policyTypes"] = [];
  if (ingress.length > 0) policyTypes.push("Ingress");
  if (egress.length > 0) policyTypes.push("Egress");
  return {
    name,
    spec: {
      podSelector: select(pods),
      policyTypes,
      ingress:
        ingress.length === 0
          ? undefined
          : ingress.map(({ peers, ports }) => ({ from: peers, ports: tcp(ports) })),
      egress:
        egress.length === 0
          ? undefined
          : egress.map(({ peers, ports }) => ({ to: peers, ports: tcp(ports) })),
    },
  };
}

function tcp(ports: readonly number[] | undefined): Port[] | undefined {
  return ports?.map((port) => ({ protocol: "TCP", port }));
}

/** The way to the API server. */
export function toApiServer({ apiServer }: ClusterConfig): Allow {
  return {
    peers: apiServer.addresses?.map(addresses),
    ports: [...new Set([KUBERNETES_SERVICE_PORT, apiServer.port])],
  };
}
