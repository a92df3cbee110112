import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { toSeconds } from "../../infra/lib/duration.ts";
import { GATEWAY_ACCESS } from "../../infra/lib/labels.ts";
import { formatResources } from "../../infra/lib/quantity.ts";
import { planGateway } from "../../infra/platform/model/gateway.ts";
import { HTTP_ROUTE, routeSpec } from "../../infra/platform/model/route.ts";
import type { ResolvedService } from "../../infra/services/resolve.ts";
import { paths } from "../../machine/paths.ts";
import { layout } from "../../sandbox/layout.ts";
import type { Subject } from "../release/subject.ts";

/** Namespace that the peers have to themselves. */
const NAMESPACE = "bench-peers";
export const HOSTNAME = "bench-peers.localhost";
/** Name of the Deployment, its container, the Service and the route. */
export const APP = "web";
const PORT = 80;

/** Where peers deploy the demo service their way: a namespace behind the sandbox's gateway. */
export interface Site {
  readonly namespace: string;
  /** Scratch folder. */
  readonly folder: string;
  /** Aborted when no more is to be measured. */
  readonly signal: AbortSignal;
  /** Runs a command against the sandbox's cluster. */
  run(command: string, ...args: string[]): Promise<string>;
  kubectl(...args: string[]): Promise<string>;
  /** Creates or changes objects. */
  apply(objects: readonly object[]): Promise<void>;
}

/** Runs something with an empty site, and removes the site. */
export async function withSite<T>(
  subject: Subject,
  signal: AbortSignal,
  work: (site: Site) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-peers-"));
  const env = { KUBECONFIG: layout().kubeconfig, ...helmFolders(folder) };
  const run: Site["run"] = async (command, ...args) =>
    (await execa(command, args, { env, stdin: "ignore" })).stdout;
  const kubectlPath = join(paths().bin, "kubectl");
  const kubectl: Site["kubectl"] = (...args) => run(kubectlPath, "--namespace", NAMESPACE, ...args);
  const apply: Site["apply"] = async (objects) => {
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
    await execa(kubectlPath, ["--namespace", NAMESPACE, "apply", "--filename", "-"], { env, input });
  };
  const remove = () => kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found");
  try {
    // One that was killed may have left its own.
    await remove();
    await apply([namespaceObject(subject.project.config.environment)]);
    return await work({ namespace: NAMESPACE, folder, signal, run, kubectl, apply });
  } finally {
    await remove();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Helm keeps its files in the home folder unless told otherwise. */
function helmFolders(folder: string): Record<string, string> {
  return {
    HELM_CACHE_HOME: join(folder, "cache"),
    HELM_CONFIG_HOME: join(folder, "config"),
    HELM_DATA_HOME: join(folder, "data"),
  };
}

function namespaceObject(environment: string) {
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: NAMESPACE, labels: { [GATEWAY_ACCESS]: environment } },
  };
}

/**
 * The demo service as most people write it: one Deployment, one Service, one route.
 * @param graceful with the preStop and the grace period that the catalogue gives the service, without which pods are gone
 * before everybody knows
 */
export function plainObjects(subject: Subject, image: string, graceful: boolean): object[] {
  const { service, project } = subject;
  const labels = { app: APP };
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: APP },
      spec: {
        replicas: service.replicas,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: pod(service, image, graceful) },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: APP },
      spec: { selector: labels, ports: [{ port: PORT, targetPort: service.port }] },
    },
    {
      ...HTTP_ROUTE,
      metadata: { name: APP },
      spec: routeSpec(planGateway(project.config), [HOSTNAME], [{ name: APP, port: PORT, weight: 1 }]),
    },
  ];
}

function pod({ port, probes, resources, shutdown }: ResolvedService, image: string, graceful: boolean) {
  const container = {
    name: APP,
    image,
    ports: [{ containerPort: port }],
    resources: formatResources(resources),
    readinessProbe: {
      httpGet: { path: probes.readiness, port },
      periodSeconds: toSeconds(probes.interval),
    },
  };
  if (!graceful) return { containers: [container] };
  const lifecycle = { preStop: { sleep: { seconds: toSeconds(shutdown.preStop) } } };
  return {
    terminationGracePeriodSeconds: toSeconds(shutdown.grace),
    containers: [{ ...container, lifecycle }],
  };
}
