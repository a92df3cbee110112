import { z } from "zod";
import { cidr, hostname, name, port, resources, variables } from "./values.ts";

const service = z.strictObject({
  /** Pods per slot. @default the catalogue's */
  replicas: z.int().min(1).max(100).optional(),
  /** @default the catalogue's */
  resources: resources.optional(),
  /** Names under which the gateway serves it. */
  hostnames: z.array(hostname).min(1),
  /** Added to the catalogue's variables; the same name here wins. */
  config: variables.optional(),
  /** Addresses outside of the namespace that it may call: databases, other systems. */
  egress: z.array(z.strictObject({ addresses: cidr, port })).optional(),
});

/** `slipway:services`: which services of the catalogue run in this stack, and their sizes. */
export const services = z.record(name, service);

export type ServiceConfig = z.infer<typeof service>;
