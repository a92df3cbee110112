import { GATEWAY_URL, PORT_ADDRESS, PORTS } from "./ports.ts";

/** A cluster in containers, made by the command `kind`. */
export const KIND = {
  name: "slipway-sandbox",
  /** kind puts its own prefix in front. */
  context: "kind-slipway-sandbox",
  gateway: GATEWAY_URL,
  /** Port of the API server inside of the cluster. */
  apiServerPort: 6_443,
} as const;

/** How long kind may take for a ready node. */
const READY_WAIT = "180s";

/** kind's config: one node, whose gateway port becomes a port of this machine. JSON is YAML. */
export function kindConfig(): string {
  const config = {
    kind: "Cluster",
    apiVersion: "kind.x-k8s.io/v1alpha4",
    nodes: [
      {
        role: "control-plane",
        extraPortMappings: [
          {
            containerPort: PORTS.gateway,
            hostPort: PORTS.gateway,
            listenAddress: PORT_ADDRESS.gateway,
            protocol: "TCP",
          },
        ],
      },
    ],
  };
  return JSON.stringify(config);
}

/** Arguments of `kind` for each thing that we ask of it. `create` reads {@link kindConfig} from its input. */
export const kindArguments = {
  list: () => ["get", "clusters"],
  create: (kubeconfig: string) => [
    "create",
    "cluster",
    "--name",
    KIND.name,
    "--config",
    "-",
    "--kubeconfig",
    kubeconfig,
    "--wait",
    READY_WAIT,
  ],
  exportKubeconfig: (kubeconfig: string) => [
    "export",
    "kubeconfig",
    "--name",
    KIND.name,
    "--kubeconfig",
    kubeconfig,
  ],
  load: (archive: string) => ["load", "image-archive", archive, "--name", KIND.name],
  remove: (kubeconfig: string) => ["delete", "cluster", "--name", KIND.name, "--kubeconfig", kubeconfig],
} as const;

/** Whether the output of `kind get clusters` names our cluster. */
export function hasKindCluster(listed: string): boolean {
  return listed.split("\n").some((line) => line.trim() === KIND.name);
}
