import { readFileSync } from "node:fs";
import { type ClientRequest, get as getHttp, type IncomingMessage } from "node:http";
import { get as getHttps, type RequestOptions } from "node:https";
import { connect } from "node:net";
import { CLUSTER } from "../addresses.ts";
import type { Layout } from "../layout.ts";
import { certificateFiles } from "../pki/files.ts";
import { PORTS } from "../ports.ts";
import type { ComponentName } from "./components.ts";

const TIMEOUT_MS = 2_000;
const LOOPBACK = "127.0.0.1";

/** Asks a component itself whether it is well; false when it cannot be asked. */
export function isHealthy(place: Layout, name: ComponentName): Promise<boolean> {
  switch (name) {
    case "containerd":
      return canConnect(place.containerd.socket);
    case "etcd":
      return answersHttp(PORTS.etcdMetrics, "/readyz");
    case "kube-apiserver":
      return answersHttps(place, CLUSTER.nodeAddress, PORTS.apiServer, "/readyz");
    case "kube-controller-manager":
      return answersHttps(place, LOOPBACK, PORTS.controllerManager, "/healthz");
    case "kube-scheduler":
      return answersHttps(place, LOOPBACK, PORTS.scheduler, "/readyz");
    case "kubelet":
      return answersHttp(PORTS.kubeletHealth, "/healthz");
    case "kube-proxy":
      return answersHttp(PORTS.kubeProxyHealth, "/livez");
  }
}

function answersHttp(port: number, path: string): Promise<boolean> {
  return answers((onAnswer) =>
    getHttp({ host: LOOPBACK, port, path, timeout: TIMEOUT_MS, agent: false }, onAnswer),
  );
}

/** With the admin's certificate, because nothing is answered to strangers. */
function answersHttps(place: Layout, host: string, port: number, path: string): Promise<boolean> {
  const files = certificateFiles(place.pki, "admin");
  return answers((onAnswer) => {
    const options: RequestOptions = {
      host,
      port,
      path,
      timeout: TIMEOUT_MS,
      agent: false,
      ca: readFileSync(certificateFiles(place.pki, "ca").certificate),
      cert: readFileSync(files.certificate),
      key: readFileSync(files.key),
    };
    return getHttps(options, onAnswer);
  });
}

type Send = (onAnswer: (answer: IncomingMessage) => void) => ClientRequest;

function answers(send: Send): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      const request = send((answer) => {
        answer.resume();
        resolve(answer.statusCode === 200);
      });
      request.on("timeout", () => request.destroy(new Error("timeout"))).on("error", () => resolve(false));
    } catch {
      // The certificates are not there yet, so neither is the component.
      resolve(false);
    }
  });
}

function canConnect(socketFile: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketFile, () => {
      socket.destroy();
      resolve(true);
    });
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error("timeout")));
    socket.on("error", () => resolve(false));
  });
}
