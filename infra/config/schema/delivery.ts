import { z } from "zod";
import { webAddress } from "./address.ts";
import { duration, image, percent } from "./values.ts";

const analysis = z
  .strictObject({
    /** How long each step is watched before it passes. */
    window: duration,
    /** Time between two looks; a fault is acted upon at the first look that sees it. */
    interval: duration,
    /** Requests that the candidate must have answered before anything is said about it. */
    minRequests: z.int().min(1),
    /** Points that the candidate's share of failed requests may lie above the active slot's. */
    errorTolerance: percent,
    /** How much slower than the active slot the candidate's p95 may be. */
    latencyTolerance: percent,
    /** A p95 below this is never called slow: small numbers double by chance. */
    latencyFloor: duration,
    /** Container restarts of the candidate within the window that are still no fault. */
    maxRestarts: z.int().min(0),
    /** How much longer than the window to wait for requests (or for Prometheus) before the candidate is taken back. */
    hold: duration,
  })
  .refine(({ window, interval }) => interval.milliseconds <= window.milliseconds, {
    error: "interval is longer than window",
    path: ["interval"],
  });

/** `slipway:delivery`: how a release is watched on its way to all users, and where the driver reports. */
export const delivery = z.strictObject({
  analysis,
  /** The smoke test's runner: any image with `node` (22 or newer) on its PATH. */
  smoke: z.strictObject({ image }),
  /** Address of Prometheus. @default through the API server to the stack's own */
  prometheus: webAddress.optional(),
  /** Address of a Pushgateway that gets the figures of every run. */
  pushgateway: webAddress.optional(),
});

export type DeliveryConfig = z.infer<typeof delivery>;
export type AnalysisConfig = DeliveryConfig["analysis"];
