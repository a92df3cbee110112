import type { Fault } from "../infra/lib/errors.ts";
import type { Listener } from "../machine/ports.ts";
import { CLUSTER } from "./addresses.ts";

/** Every TCP port of this machine that the sandbox takes. None is a default of Kubernetes, so two clusters can live here. */
export const PORTS = {
  etcdClient: 12_379,
  etcdPeer: 12_380,
  etcdMetrics: 12_381,
  apiServer: 16_443,
  kubelet: 11_250,
  kubeletHealth: 11_248,
  kubeProxyHealth: 11_256,
  kubeProxyMetrics: 11_249,
  controllerManager: 11_257,
  scheduler: 11_259,
  /** HTTP of the gateway, for users on this machine. */
  gateway: 18_080,
} as const;

const LOOPBACK = "127.0.0.1";

/** Address that each port is taken on: the node's where pods must reach it, else loopback. */
export const PORT_ADDRESS: Readonly<Record<keyof typeof PORTS, string>> = {
  etcdClient: LOOPBACK,
  etcdPeer: LOOPBACK,
  etcdMetrics: LOOPBACK,
  apiServer: CLUSTER.nodeAddress,
  kubelet: CLUSTER.nodeAddress,
  kubeletHealth: LOOPBACK,
  kubeProxyHealth: LOOPBACK,
  kubeProxyMetrics: LOOPBACK,
  controllerManager: LOOPBACK,
  scheduler: LOOPBACK,
  gateway: LOOPBACK,
};

/** Where users on this machine reach the gateway. */
export const GATEWAY_URL = `http://${LOOPBACK}:${PORTS.gateway}`;

const EVERYWHERE = new Set(["0.0.0.0", "*", "[::]"]);

/** One fault per port of the table that somebody else listens on. `own` are pids of the sandbox itself. */
export function portFaults(listeners: readonly Listener[], own: ReadonlySet<number>): Fault[] {
  return Object.entries(PORTS).flatMap(([use, port]) => {
    const address = PORT_ADDRESS[use as keyof typeof PORTS];
    const other = listeners.find(
      (listener) =>
        listener.port === port &&
        (listener.address === address || EVERYWHERE.has(listener.address)) &&
        !(listener.process !== undefined && own.has(listener.process.pid)),
    );
    if (other === undefined) return [];
    const { process } = other;
    return {
      what: `the sandbox needs this port (${use}), but ${holder(process)} listens on it`,
      where: `${other.address}:${port}`,
      remedy: process === undefined ? `find it: ss -ltnp 'sport = :${port}'` : `stop it: kill ${process.pid}`,
    };
  });
}

function holder(process: Listener["process"]): string {
  return process === undefined ? "an unknown process" : `${process.name} (pid ${process.pid})`;
}
