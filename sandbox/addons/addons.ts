import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { KubernetesObject, V1ClusterRoleBinding } from "@kubernetes/client-node";
import { parseAllDocuments } from "yaml";
import { UserError } from "../../infra/lib/errors.ts";
import { paths } from "../../machine/paths.ts";
import { KUBELET_CLIENT_GROUP } from "../pki/plan.ts";
import { PORT_ADDRESS } from "../ports.ts";
import { COREDNS, coredns } from "./coredns.ts";
import { KUBE_STATE_METRICS, kubeStateMetrics } from "./kube-state-metrics.ts";
import type { Addon } from "./objects.ts";
import { TRAEFIK, traefik } from "./traefik.ts";

/** What a cluster gets from the sandbox. */
export interface AddonSet {
  /** Those that run pods, in the order in which they are shown. */
  readonly addons: readonly Addon[];
  /** Every object except the custom resource definitions, in the order in which they are applied. */
  readonly objects: readonly KubernetesObject[];
}

/** Add-ons of the sandbox's own node, in the order in which they are shown. */
export const NODE_ADDONS: readonly Addon[] = [COREDNS, KUBE_STATE_METRICS, TRAEFIK];

/** Image references by name. */
export type ImageNames = Readonly<Record<string, string>>;

/** Add-ons of the sandbox's own node. `upstream` are the name servers outside of the cluster. Pure. */
export function nodeAddons(images: ImageNames, upstream: readonly string[]): AddonSet {
  return {
    addons: NODE_ADDONS,
    objects: [
      kubeletAccess(),
      ...coredns(imageOf(images, "coredns"), upstream),
      ...kubeStateMetrics(imageOf(images, "kube-state-metrics")),
      ...traefik(imageOf(images, "traefik"), PORT_ADDRESS.gateway),
    ],
  };
}

/** Add-ons of a cluster that kind made: it has a DNS, and its node's port is published to this machine by kind. Pure. */
export function kindAddons(images: ImageNames): AddonSet {
  return {
    addons: [KUBE_STATE_METRICS, TRAEFIK],
    objects: [
      ...kubeStateMetrics(imageOf(images, "kube-state-metrics")),
      ...traefik(imageOf(images, "traefik")),
    ],
  };
}

function imageOf(images: ImageNames, name: string): string {
  const reference = images[name];
  if (reference === undefined) throw new Error(`no image "${name}"`);
  return reference;
}

/** Text of the Gateway API's custom resource definitions, one YAML file each. */
export function gatewayApiFiles(folder: string = join(paths().share, "gateway-api")): string[] {
  try {
    const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
    if (files.length > 0) return files.sort().map((file) => readFileSync(join(folder, file), "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  throw new UserError({
    what: "the definitions of the Gateway API are missing",
    where: folder,
    remedy: "install the toolchain first: npm start does it",
  });
}

/** The objects in YAML texts; a text may hold several. */
export function parseObjects(texts: readonly string[]): KubernetesObject[] {
  return texts
    .flatMap((text) => parseAllDocuments(text))
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null);
}

/** The API server reads logs and opens ports through the kubelet in this group's name. */
function kubeletAccess(): V1ClusterRoleBinding {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: KUBELET_CLIENT_GROUP },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:kubelet-api-admin" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: KUBELET_CLIENT_GROUP }],
  };
}
