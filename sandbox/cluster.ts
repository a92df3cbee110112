import { KubeConfig } from "@kubernetes/client-node";
import type { Layout } from "./layout.ts";

/** The admin's access to the sandbox's cluster. Reads the kubeconfig that `up` wrote. */
export function sandboxConfig(place: Layout): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(place.kubeconfig);
  return config;
}
