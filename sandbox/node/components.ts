import { join } from "node:path";
import { CLUSTER } from "../addresses.ts";
import type { Layout } from "../layout.ts";
import { certificateFiles, encryptionFile, SERVICE_ACCOUNT } from "../pki/files.ts";
import { FRONT_PROXY_CLIENT } from "../pki/plan.ts";
import { PORTS } from "../ports.ts";

/** The node's processes, in the order in which they start. */
export const COMPONENTS = [
  "containerd",
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
] as const;

export type ComponentName = (typeof COMPONENTS)[number];

/** How a component is started. */
export interface ComponentCommand {
  readonly name: ComponentName;
  readonly args: readonly string[];
  /** Files that it reads once: a change asks for a restart. */
  readonly reads: readonly string[];
  /** Soft limit of the Go heap; the collector works harder near it. */
  readonly memoryLimit?: string;
}

const LOOPBACK = "127.0.0.1";
const https = (port: number) => `https://${LOOPBACK}:${port}`;

type Flags = Readonly<Record<string, string | number | boolean>>;

/** `{a: 1}` as `["--a=1"]`. */
export function flags(values: Flags): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}

/** Config file of a component. */
export function configFile(place: Layout, name: ComponentName): string {
  return join(place.config, name === "containerd" ? "containerd.toml" : `${name}.json`);
}

/** Kubeconfig of a component. */
export function componentKubeconfig(place: Layout, name: string): string {
  return join(place.pki, `${name}.kubeconfig`);
}

/** The command line of every component. Pure. */
export function componentCommands(place: Layout): Readonly<Record<ComponentName, ComponentCommand>> {
  const all = [
    containerd(place),
    etcd(place),
    apiServer(place),
    controllerManager(place),
    scheduler(place),
    kubelet(place),
    kubeProxy(place),
  ];
  return Object.fromEntries(all.map((command) => [command.name, command])) as Record<
    ComponentName,
    ComponentCommand
  >;
}

function containerd(place: Layout): ComponentCommand {
  const config = configFile(place, "containerd");
  return {
    name: "containerd",
    args: flags({ config, "log-level": "warn" }),
    reads: [config, join(place.cni.config, "10-slipway.conflist")],
  };
}

function etcd({ pki, etcd: folder }: Layout): ComponentCommand {
  const own = certificateFiles(pki, "etcd");
  const authority = certificateFiles(pki, "etcd-ca").certificate;
  const peer = https(PORTS.etcdPeer);
  const client = https(PORTS.etcdClient);
  return {
    name: "etcd",
    args: flags({
      name: CLUSTER.nodeName,
      "data-dir": folder,
      "listen-client-urls": client,
      "advertise-client-urls": client,
      "listen-peer-urls": peer,
      "initial-advertise-peer-urls": peer,
      "initial-cluster": `${CLUSTER.nodeName}=${peer}`,
      "listen-metrics-urls": `http://${LOOPBACK}:${PORTS.etcdMetrics}`,
      "cert-file": own.certificate,
      "key-file": own.key,
      "trusted-ca-file": authority,
      "client-cert-auth": true,
      "peer-cert-file": own.certificate,
      "peer-key-file": own.key,
      "peer-trusted-ca-file": authority,
      "peer-client-cert-auth": true,
      "log-level": "warn",
    }),
    reads: [own.certificate, own.key, authority],
    memoryLimit: "96MiB",
  };
}

function apiServer({ pki }: Layout): ComponentCommand {
  const serving = certificateFiles(pki, "apiserver");
  const kubeletClient = certificateFiles(pki, "apiserver-kubelet-client");
  const etcdClient = certificateFiles(pki, "apiserver-etcd-client");
  const frontProxy = certificateFiles(pki, FRONT_PROXY_CLIENT);
  const serviceAccount = certificateFiles(pki, SERVICE_ACCOUNT);
  const authority = (name: string) => certificateFiles(pki, name).certificate;
  const files = {
    "client-ca-file": authority("ca"),
    "tls-cert-file": serving.certificate,
    "tls-private-key-file": serving.key,
    "kubelet-certificate-authority": authority("ca"),
    "kubelet-client-certificate": kubeletClient.certificate,
    "kubelet-client-key": kubeletClient.key,
    "etcd-cafile": authority("etcd-ca"),
    "etcd-certfile": etcdClient.certificate,
    "etcd-keyfile": etcdClient.key,
    "requestheader-client-ca-file": authority("front-proxy-ca"),
    "proxy-client-cert-file": frontProxy.certificate,
    "proxy-client-key-file": frontProxy.key,
    "service-account-key-file": serviceAccount.certificate,
    "service-account-signing-key-file": serviceAccount.key,
    "encryption-provider-config": encryptionFile(pki),
  };
  return {
    name: "kube-apiserver",
    args: flags({
      "bind-address": CLUSTER.nodeAddress,
      "advertise-address": CLUSTER.nodeAddress,
      "secure-port": PORTS.apiServer,
      "etcd-servers": https(PORTS.etcdClient),
      ...files,
      "anonymous-auth": false,
      "authorization-mode": "Node,RBAC",
      "enable-admission-plugins": "NodeRestriction",
      "allow-privileged": true,
      "kubelet-preferred-address-types": "InternalIP",
      "requestheader-allowed-names": FRONT_PROXY_CLIENT,
      "requestheader-extra-headers-prefix": "X-Remote-Extra-",
      "requestheader-group-headers": "X-Remote-Group",
      "requestheader-username-headers": "X-Remote-User",
      "service-account-issuer": `https://kubernetes.default.svc.${CLUSTER.domain}`,
      "service-cluster-ip-range": CLUSTER.serviceRange,
      "tls-min-version": "VersionTLS12",
      profiling: false,
      v: 1,
    }),
    reads: Object.values(files),
    memoryLimit: "400MiB",
  };
}

function controllerManager(place: Layout): ComponentCommand {
  const authority = certificateFiles(place.pki, "ca");
  const serviceAccount = certificateFiles(place.pki, SERVICE_ACCOUNT);
  return {
    name: "kube-controller-manager",
    args: flags({
      ...delegated("controller-manager", PORTS.controllerManager, place),
      "use-service-account-credentials": true,
      "service-account-private-key-file": serviceAccount.key,
      "root-ca-file": authority.certificate,
      "cluster-signing-cert-file": authority.certificate,
      "cluster-signing-key-file": authority.key,
      "flex-volume-plugin-dir": `${place.kubelet}/volume-plugins`,
      "kube-api-qps": 100,
      "kube-api-burst": 200,
    }),
    reads: [
      componentKubeconfig(place, "controller-manager"),
      ...Object.values(certificateFiles(place.pki, "controller-manager-server")),
      authority.certificate,
      authority.key,
      serviceAccount.key,
    ],
    memoryLimit: "100MiB",
  };
}

function scheduler(place: Layout): ComponentCommand {
  return {
    name: "kube-scheduler",
    args: flags(delegated("scheduler", PORTS.scheduler, place)),
    reads: [
      componentKubeconfig(place, "scheduler"),
      ...Object.values(certificateFiles(place.pki, "scheduler-server")),
    ],
    memoryLimit: "64MiB",
  };
}

/** Flags of a control loop that asks the API server who may look at its own metrics. */
function delegated(name: string, port: number, place: Layout): Flags {
  const { pki } = place;
  const kubeconfig = componentKubeconfig(place, name);
  const serving = certificateFiles(pki, `${name}-server`);
  return {
    kubeconfig,
    "authentication-kubeconfig": kubeconfig,
    "authorization-kubeconfig": kubeconfig,
    "client-ca-file": certificateFiles(pki, "ca").certificate,
    "requestheader-client-ca-file": certificateFiles(pki, "front-proxy-ca").certificate,
    "tls-cert-file": serving.certificate,
    "tls-private-key-file": serving.key,
    "bind-address": LOOPBACK,
    "secure-port": port,
    // There is one of each: nobody to elect a leader among.
    "leader-elect": false,
    profiling: false,
    v: 1,
  };
}

function kubelet(place: Layout): ComponentCommand {
  const config = configFile(place, "kubelet");
  const kubeconfig = componentKubeconfig(place, "kubelet");
  const serving = certificateFiles(place.pki, "kubelet");
  return {
    name: "kubelet",
    args: flags({
      config,
      kubeconfig,
      "root-dir": place.kubelet,
      "hostname-override": CLUSTER.nodeName,
      "node-ip": CLUSTER.nodeAddress,
    }),
    reads: [
      config,
      kubeconfig,
      serving.certificate,
      serving.key,
      certificateFiles(place.pki, "ca").certificate,
    ],
    memoryLimit: "100MiB",
  };
}

function kubeProxy(place: Layout): ComponentCommand {
  const config = configFile(place, "kube-proxy");
  return {
    name: "kube-proxy",
    args: flags({ config, v: 1 }),
    reads: [config, componentKubeconfig(place, "kube-proxy")],
    memoryLimit: "48MiB",
  };
}
