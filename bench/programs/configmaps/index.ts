import * as k8s from "@pulumi/kubernetes";
import { COUNT, configMap, NAMESPACE } from "./manifests.ts";

const provider = new k8s.Provider("cluster", { enableServerSideApply: true });
const options = { provider };
const namespace = new k8s.core.v1.Namespace("namespace", { metadata: { name: NAMESPACE } }, options);
for (let index = 0; index < COUNT; index += 1) {
  const { metadata, data } = configMap(index);
  new k8s.core.v1.ConfigMap(metadata.name, { metadata, data }, { ...options, dependsOn: [namespace] });
}
