import type { Config } from "../../config/schema/stack.ts";
import { RESTRICTED_NAMESPACE } from "../../lib/hardening.ts";
import { appSelector, GATEWAY_ACCESS, labels } from "../../lib/labels.ts";
import { type Environment, namespaceOf, protectsLive } from "../../lib/names.ts";
import { PROMETHEUS, PROMETHEUS_PORT } from "../../monitoring/model/identity.ts";
import type { ResolvedService } from "../../services/resolve.ts";
import { smokeApp } from "../../slots/model/smoke.ts";
import { type GatewayPlan, isDataPlaneHere, planGateway } from "./gateway.ts";
import {
  type Allow,
  addresses,
  allow,
  anyPod,
  baseline,
  type NetworkPolicy,
  type Peer,
  podsHere,
  podsIn,
  toApiServer,
} from "./network.ts";
import { containerDefaults, quota, serviceDemand } from "./quota.ts";

/** A namespace and the guard-rails that every pod in it lives with. */
export interface NamespacePlan {
  /** What it is for: a system's name, `monitoring` or `gateway`. */
  readonly owner: string;
  readonly name: string;
  /** Labels of every object in it. */
  readonly labels: Readonly<Record<string, string>>;
  /** Labels of the namespace itself: those, Pod Security, and access to the gateway. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** Undefined where the gateway's own controller decides about pods. */
  readonly quota: Readonly<Record<string, string>> | undefined;
  readonly containerDefaults: ReturnType<typeof containerDefaults>;
  readonly policies: readonly NetworkPolicy[];
  /** One for each application; none gets a token by itself. */
  readonly serviceAccounts: readonly string[];
  /** Who may list this namespace's endpoints to find what to scrape. */
  readonly scrapedBy: { readonly serviceAccount: string; readonly namespace: string } | undefined;
  readonly protect: boolean;
}

/** All namespaces of a stack: one for each system, one for monitoring, one for the gateway. */
export function planNamespaces(config: Config, services: readonly ResolvedService[]): NamespacePlan[] {
  const gateway = planGateway(config);
  const systems = [...new Set(services.map(({ system }) => system))].sort();
  return [
    ...systems.map((system) =>
      systemNamespace(
        config,
        system,
        services.filter((service) => service.system === system),
        gateway,
      ),
    ),
    monitoringNamespace(config, services, gateway),
    gatewayNamespace(config, gateway),
  ];
}

/** What all namespaces have in common. */
function namespace(config: Config, owner: string, hasRoutes: boolean) {
  const { environment, platform } = config;
  const own = labels({ name: owner, component: "platform", partOf: owner, environment });
  return {
    owner,
    name: namespaceOf(owner, environment),
    labels: own,
    namespaceLabels: {
      ...own,
      ...RESTRICTED_NAMESPACE,
      ...(hasRoutes ? { [GATEWAY_ACCESS]: environment } : {}),
    },
    containerDefaults: containerDefaults(platform.containerDefaults),
    protect: protectsLive(environment),
  };
}

function systemNamespace(
  config: Config,
  system: string,
  services: readonly ResolvedService[],
  gateway: GatewayPlan,
): NamespacePlan {
  return {
    ...namespace(config, system, true),
    quota: quota(
      services.flatMap((service) => serviceDemand(service, config.platform.containerDefaults)),
      config.platform.quotaHeadroom,
    ),
    policies: [
      ...baseline(),
      ...services.flatMap((service) => [servicePolicy(service, services, gateway), smokePolicy(service)]),
    ],
    serviceAccounts: services.map(({ name }) => name),
    scrapedBy: scraper(config.environment),
  };
}

function servicePolicy(
  service: ResolvedService,
  neighbours: readonly ResolvedService[],
  gateway: GatewayPlan,
): NetworkPolicy {
  const callers = neighbours.filter(({ calls }) => calls.includes(service.name));
  const callees = neighbours.filter(({ name }) => service.calls.includes(name));
  const scraping = scraper(service.environment);
  return allow(service.name, appSelector(service.name), {
    ingress: [
      {
        peers: [
          ...(service.kind === "http" ? gatewayPeers(gateway) : []),
          podsIn(scraping.namespace, appSelector(PROMETHEUS)),
          podsHere(appSelector(smokeApp(service.name))),
          ...callers.map(({ name }) => podsHere(appSelector(name))),
        ],
        ports: [service.port],
      },
    ],
    egress: [
      ...callees.map(({ name, port }): Allow => ({ peers: [podsHere(appSelector(name))], ports: [port] })),
      ...service.egress.map((way): Allow => ({ peers: [addresses(way.addresses)], ports: [way.port] })),
    ],
  });
}

/** A smoke test asks the service that it tests, nobody else. */
function smokePolicy({ name, port }: ResolvedService): NetworkPolicy {
  const app = smokeApp(name);
  return allow(app, appSelector(app), { egress: [{ peers: [podsHere(appSelector(name))], ports: [port] }] });
}

function monitoringNamespace(
  config: Config,
  services: readonly ResolvedService[],
  gateway: GatewayPlan,
): NamespacePlan {
  const { prometheus, kubeStateMetrics } = config.monitoring;
  const isPublic = prometheus.hostname !== undefined;
  // The release driver asks through the API server.
  const apiServer = config.cluster.apiServer.addresses ?? [];
  const outside = [...(isPublic ? gatewayPeers(gateway) : []), ...apiServer.map(addresses)];
  const targets = services.map(
    ({ namespace, name, port }): Allow => ({ peers: [podsIn(namespace, appSelector(name))], ports: [port] }),
  );
  const policy = allow(PROMETHEUS, appSelector(PROMETHEUS), {
    ingress: [{ peers: [podsHere(), ...outside], ports: [PROMETHEUS_PORT] }],
    egress: [
      ...targets,
      ...gatewayMetricsWay(gateway),
      { peers: [podsIn(kubeStateMetrics.namespace)], ports: [kubeStateMetrics.port] },
      toApiServer(config.cluster),
    ],
  });
  return {
    ...namespace(config, "monitoring", isPublic),
    quota: quota([{ pods: 1, resources: prometheus.resources }], config.platform.quotaHeadroom),
    policies: [...baseline(), policy],
    serviceAccounts: [PROMETHEUS],
    scrapedBy: undefined,
  };
}

/** The gateway's namespace: only the Gateway object, or the pods that carry all traffic as well. */
function gatewayNamespace(config: Config, gateway: GatewayPlan): NamespacePlan {
  const here = isDataPlaneHere(gateway);
  const traffic = allow("gateway", undefined, { ingress: [{}], egress: [{ peers: [anyPod] }] });
  return {
    ...namespace(config, "gateway", false),
    quota: here ? undefined : quota([], config.platform.quotaHeadroom),
    policies: [...baseline(), ...(here ? [traffic] : [])],
    serviceAccounts: [],
    scrapedBy: gateway.metrics?.kind === "pods" ? scraper(config.environment) : undefined,
  };
}

function gatewayPeers({ dataPlane }: GatewayPlan): Peer[] {
  return "namespace" in dataPlane ? [podsIn(dataPlane.namespace)] : dataPlane.addresses.map(addresses);
}

function gatewayMetricsWay({ metrics, dataPlane }: GatewayPlan): Allow[] {
  if (metrics === undefined || !("namespace" in dataPlane)) return [];
  return [{ peers: [podsIn(dataPlane.namespace)], ports: [metrics.port] }];
}

function scraper(environment: Environment) {
  return { serviceAccount: PROMETHEUS, namespace: namespaceOf("monitoring", environment) };
}

/** What Prometheus may do in a namespace it scrapes: find the endpoints, nothing else. */
export const DISCOVERY_RULES = [
  { apiGroups: [""], resources: ["pods", "services"], verbs: ["get", "list", "watch"] },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"] },
];
