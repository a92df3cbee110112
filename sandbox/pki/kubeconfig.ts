import { CLUSTER } from "../addresses.ts";
import { PORTS } from "../ports.ts";
import type { KeyPair } from "./certificate.ts";

/** Address of the API server, for everybody. */
export const API_SERVER = `https://${CLUSTER.nodeAddress}:${PORTS.apiServer}`;

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** A kubeconfig (as JSON, which is YAML) with one context; certificates and key are inside it. */
export function kubeconfig(
  user: string,
  authorityCertificate: string,
  { certificate, key }: KeyPair,
): string {
  const { context } = CLUSTER;
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": context,
    clusters: [
      {
        name: context,
        cluster: { server: API_SERVER, "certificate-authority-data": base64(authorityCertificate) },
      },
    ],
    users: [
      {
        name: user,
        user: { "client-certificate-data": base64(certificate), "client-key-data": base64(key) },
      },
    ],
    contexts: [{ name: context, context: { cluster: context, user } }],
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
