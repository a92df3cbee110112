/** Name of Prometheus' objects, of its ServiceAccount, and its pods' label `app`. */
export const PROMETHEUS = "prometheus";

/** Port that Prometheus answers on. */
export const PROMETHEUS_PORT = 9_090;
