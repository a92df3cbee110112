/** Unit of a histogram's bounds. */
export type LatencyUnit = "seconds" | "milliseconds";

/** How a gateway's own metrics tell the slots of a service apart. */
export interface MetricProfile {
  /** Counter of requests. */
  readonly requests: string;
  /** Label that tells failed requests (5xx) from the others, and the pattern of its value for those. */
  readonly failed: { readonly label: string; readonly pattern: string };
  /** Buckets of the histogram of latencies. */
  readonly latency: { readonly buckets: string; readonly unit: LatencyUnit };
  /**
   * Labels that name the Service a request went to, and the patterns of their values: anchored RE2 without capturing
   * groups, in which `$namespace`, `$service` and `$port` stand for the Service's. Exactly one names `$service`.
   */
  readonly backend: Readonly<Record<string, string>>;
  /** Labels that every query must ask for. */
  readonly only: Readonly<Record<string, string>>;
}

/** Why a gateway's metrics cannot tell slots apart: the services' own metrics are asked instead. */
export interface NoProfile {
  readonly absent: string;
}
