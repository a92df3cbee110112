/** The set of objects that the engine and kubectl are both given. */
export const COUNT = 400;
export const NAMESPACE = "slipway-bench-configmaps";

/** The ConfigMap of an index. */
export function configMap(index: number, namespace = NAMESPACE) {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: `settings-${index}`,
      namespace,
      labels: { "app.kubernetes.io/part-of": "slipway-bench" },
    },
    data: { index: String(index), text: `value of ${index}`.repeat(10) },
  };
}
