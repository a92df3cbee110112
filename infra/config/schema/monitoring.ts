import { z } from "zod";
import { duration, hostname, image, memory, objectName, port, resources } from "./values.ts";

const prometheus = z
  .strictObject({
    image,
    scrapeInterval: duration,
    scrapeTimeout: duration,
    /** How long samples are kept. */
    retention: duration,
    /** Size of its volume. Without it samples live as long as the pod. */
    storage: memory.optional(),
    storageClass: objectName.optional(),
    resources,
    /** Reach it through the gateway under this name. It has no log-in of its own. */
    hostname: hostname.optional(),
  })
  .refine(({ scrapeInterval, scrapeTimeout }) => scrapeTimeout.milliseconds <= scrapeInterval.milliseconds, {
    error: "scrapeTimeout is longer than scrapeInterval",
    path: ["scrapeTimeout"],
  })
  .refine(({ storage, storageClass }) => storageClass === undefined || storage !== undefined, {
    error: "a storageClass without storage has no effect",
    path: ["storageClass"],
  });

/** `slipway:monitoring`: sizes, retention and targets. */
export const monitoring = z.strictObject({
  prometheus,
  /** The cluster's kube-state-metrics. */
  kubeStateMetrics: z.strictObject({ namespace: objectName, service: objectName, port }),
});

export type MonitoringConfig = z.infer<typeof monitoring>;
export type PrometheusConfig = MonitoringConfig["prometheus"];
