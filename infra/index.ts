import { loadConfig } from "./config/load.ts";
import { readServiceSecrets } from "./config/secrets.ts";
import { planPrometheus } from "./monitoring/model/plan.ts";
import { Prometheus } from "./monitoring/prometheus.ts";
import { clusterAccess } from "./platform/model/cluster.ts";
import { planGateway, publicUrl } from "./platform/model/gateway.ts";
import { planNamespaces } from "./platform/model/namespaces.ts";
import { Platform } from "./platform/platform.ts";
import { clusterProvider } from "./platform/providers.ts";
import { catalogue } from "./services/catalogue.ts";
import { resolveServices } from "./services/resolve.ts";
import { BlueGreenService } from "./slots/blue-green-service.ts";
import { planSlots } from "./slots/model/plan.ts";
import { stackRules } from "./stack.ts";

/** The program that `pulumi up` runs; returns the stack's outputs. */
export default function slipway() {
  const { config, hasSecret, secret } = loadConfig(stackRules);
  const services = resolveServices(config, catalogue);
  const gateway = planGateway(config);
  const provider = clusterProvider(clusterAccess(config.cluster, hasSecret), secret);

  const namespaces = planNamespaces(config, services);
  const platform = new Platform(
    "platform",
    { environment: config.environment, gateway, namespaces },
    { provider },
  );

  for (const service of services) {
    const plan = planSlots(service, service.release);
    const secrets = readServiceSecrets(service.name, service.secrets, secret);
    const place = platform.place(service.system);
    const smokeImage = config.delivery.smoke.image;
    new BlueGreenService(service.name, { service, plan, gateway, place, secrets, smokeImage }, { provider });
  }

  const prometheus = planPrometheus(config, services, gateway);
  new Prometheus("prometheus", { plan: prometheus, place: platform.place("monitoring") }, { provider });

  return {
    urls: {
      ...Object.fromEntries(
        services.map(({ name, hostnames }) => [
          name,
          hostnames.map((hostname) => publicUrl(hostname, config.gateway)),
        ]),
      ),
      ...(prometheus.url === undefined ? {} : { prometheus: [prometheus.url] }),
    },
    namespaces: platform.namespaces,
  };
}
