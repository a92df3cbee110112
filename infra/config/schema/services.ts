import { z } from "zod";
import { cidr, hostname, name, percent, port, resources, variables } from "./values.ts";

/** A slot's number of pods follows its load. */
export const autoscale = z
  .strictObject({
    min: z.int().min(1).max(100),
    max: z.int().min(1).max(100),
    /** CPU that pods use on average, as a share of what they request. */
    cpu: percent,
  })
  .refine(({ min, max }) => min <= max, { error: "min is above max" })
  .refine(({ cpu }) => cpu >= 1 && cpu <= 100, { error: "cpu lies between 1% and 100%", path: ["cpu"] });

const service = z.strictObject({
  /** Pods per slot. @default the catalogue's */
  replicas: z.int().min(1).max(100).optional(),
  /** @default the catalogue's */
  autoscale: autoscale.optional(),
  /** @default the catalogue's */
  resources: resources.optional(),
  /** Names under which the gateway serves it. */
  hostnames: z.array(hostname).min(1).default([]),
  /** Added to the catalogue's variables; the same name here wins. */
  config: variables.optional(),
  /** Addresses outside of the namespace that it may call: databases, other systems. */
  egress: z.array(z.strictObject({ addresses: cidr, port })).optional(),
});

/** `slipway:services`: which services of the catalogue run in this stack, and their sizes. */
export const services = z.record(name, service);

export type ServiceConfig = z.infer<typeof service>;
export type Autoscale = z.infer<typeof autoscale>;
