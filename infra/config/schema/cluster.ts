import { z } from "zod";
import { cidr, objectName, port } from "./values.ts";

/** `slipway:cluster`: which cluster, and how to reach it. */
export const cluster = z.strictObject({
  /** Context of the kubeconfig; also how the engine tells this cluster from others. */
  context: objectName,
  /** Path of a kubeconfig. Without it: the secret `slipway:secret-kubeconfig`, else the environment's own. */
  kubeconfig: z.string().min(1).optional(),
  /** Where pods reach the API server, for network policies: its port, and its addresses where they are known. */
  apiServer: z.strictObject({ port, addresses: z.array(cidr).min(1).optional() }),
});

export type ClusterConfig = z.infer<typeof cluster>;
