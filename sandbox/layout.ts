import { join } from "node:path";
import { paths } from "../machine/paths.ts";

/** Files and folders of the sandbox; all below `paths().sandbox`, all gone after `down`. */
export interface Layout {
  readonly root: string;
  /** Admin's access to the cluster, mode 0600. */
  readonly kubeconfig: string;
  /** Certificates and keys; kubeconfigs of the components. */
  readonly pki: string;
  /** Config files of the components, written anew by each `up`. */
  readonly config: string;
  readonly logs: string;
  readonly podLogs: string;
  /** Pid files. */
  readonly run: string;
  readonly etcd: string;
  readonly kubelet: string;
  readonly containerd: {
    readonly root: string;
    readonly state: string;
    readonly socket: string;
    readonly runc: string;
  };
  readonly cni: { readonly config: string; readonly addresses: string };
  /** Which inputs gave which image digest. */
  readonly images: string;
  /** What the machine was like before the sandbox changed it. */
  readonly machine: string;
}

/** Longest path of a unix socket that the kernel takes, less the suffix that containerd adds for itself. */
export const MAX_SOCKET_PATH = 107 - ".ttrpc".length;

/** The layout below a folder (default: this user's). Pure: creates nothing. */
export function layout(root: string = paths().sandbox): Layout {
  const at = (...parts: string[]) => join(root, ...parts);
  return {
    root,
    kubeconfig: at("kubeconfig"),
    pki: at("pki"),
    config: at("config"),
    logs: at("logs"),
    podLogs: at("pod-logs"),
    run: at("run"),
    etcd: at("etcd"),
    kubelet: at("kubelet"),
    containerd: {
      root: at("containerd", "root"),
      state: at("containerd", "state"),
      socket: at("containerd", "containerd.sock"),
      runc: at("containerd", "runc"),
    },
    cni: { config: at("cni", "config"), addresses: at("cni", "addresses") },
    images: at("images.json"),
    machine: at("machine.json"),
  };
}
