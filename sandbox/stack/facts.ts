import { DiscoveryV1Api, type KubeConfig } from "@kubernetes/client-node";
import { UserError } from "../../infra/lib/errors.ts";
import { type Paths, paths as userPaths } from "../../machine/paths.ts";
import { CLUSTER } from "../addresses.ts";
import { loadCluster } from "../cluster-check.ts";
import { kubeconfigOf, OWN_NODE, type Target } from "../home.ts";
import { sandboxImages } from "../images/import.ts";
import { KIND } from "../kind.ts";
import { layout } from "../layout.ts";
import { PORTS } from "../ports.ts";
import type { MachineFacts } from "./settings.ts";

/** The environments that can live in the sandbox, each with the domain of its host names. */
const DOMAINS = { sandbox: "localhost", e2e: "e2e.localhost" } as const;

/** What the running cluster is like, for the stack of one environment. */
export async function machineFacts(
  environment: keyof typeof DOMAINS = "sandbox",
  target: Target = OWN_NODE,
  paths: Paths = userPaths(),
): Promise<MachineFacts> {
  const kubeconfig = kubeconfigOf(target, paths);
  const context = contextOf(target);
  const images = target.cluster === "existing" ? [] : await sandboxImages(layout(paths.sandbox));
  return {
    environment,
    kubeconfig,
    context,
    apiServer: await apiServerAddress(loadCluster({ kubeconfig, context })),
    domain: DOMAINS[environment],
    ...(target.cluster === "existing" ? {} : { publicPort: PORTS.gateway }),
    images: Object.fromEntries(images.map(({ tagged, pinned }) => [tagged, pinned])),
  };
}

function contextOf(target: Target): string {
  if (target.cluster === "existing") return target.context;
  return target.cluster === "kind" ? KIND.context : CLUSTER.context;
}

/** Where pods reach the API server behind its Service: what network policies must name. */
async function apiServerAddress(config: KubeConfig): Promise<MachineFacts["apiServer"]> {
  const discovery = config.makeApiClient(DiscoveryV1Api);
  const service = { namespace: "default", labelSelector: "kubernetes.io/service-name=kubernetes" };
  const { items } = await discovery.listNamespacedEndpointSlice(service);
  const port = items[0]?.ports?.[0]?.port;
  const addresses = items.flatMap(({ endpoints }) =>
    (endpoints ?? []).flatMap((endpoint) => endpoint.addresses),
  );
  if (port === undefined || addresses.length === 0) {
    throw new UserError({
      what: "the Service kubernetes has no endpoint",
      where: `context ${config.getCurrentContext()}, namespace default`,
      remedy: "wait until the control plane is ready, then run this again",
    });
  }
  return { port, addresses: addresses.map((address) => `${address}/32`) };
}
