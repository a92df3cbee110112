import type { Release } from "../config/schema/releases.ts";
import type { Config } from "../config/schema/stack.ts";
import { type Environment, namespaceOf } from "../lib/names.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Service } from "./service.ts";

/** A service of the catalogue as it runs in one stack. */
export interface ResolvedService extends Service {
  readonly environment: Environment;
  readonly namespace: string;
  readonly hostnames: readonly string[];
  /** Addresses outside of the namespace that it may call. */
  readonly egress: readonly { readonly addresses: string; readonly port: number }[];
  /** What runs in its slots. */
  readonly release: Release;
}

/**
 * The stack's services by name: sizes and releases from the stack file, the rest from the catalogue. What the rules of
 * this room refuse (unknown service, no release) is left out.
 */
export function resolveServices(
  { environment, services, releases }: Pick<Config, "environment" | "services" | "releases">,
  catalogue: Catalogue,
): ResolvedService[] {
  return Object.keys(services)
    .sort()
    .flatMap((name) => {
      const service = catalogue.get(name);
      const here = services[name];
      const release = releases[name];
      if (service === undefined || here === undefined || release === undefined) return [];
      return {
        ...service,
        environment,
        namespace: namespaceOf(service.system, environment),
        replicas: here.replicas ?? service.replicas,
        autoscale: here.autoscale ?? service.autoscale,
        resources: here.resources ?? service.resources,
        hostnames: here.hostnames,
        config: { ...service.config, ...here.config },
        egress: here.egress ?? [],
        release,
      };
    });
}
