import type {
  KubernetesObject,
  V1Deployment,
  V1Namespace,
  V1Secret,
  V1Service,
} from "@kubernetes/client-node";
import { containerSecurity, NONROOT, podSecurity, RESTRICTED_NAMESPACE } from "../../infra/lib/hardening.ts";
import { DATA_FOLDER, PASSWORD_FILE } from "./image.ts";

/** Name of the database's Deployment, Service and Secret. */
export const DATABASE = "postgres";
export const DATABASE_PORT = 5432;

/** Key of the Secret, and name of the file that it becomes. */
const [PASSWORD_FOLDER, PASSWORD_KEY] = splitLast(PASSWORD_FILE);

/**
 * The objects of one empty database, in a namespace of its own that refuses what is not hardened, as the namespaces of
 * services do. Removing the namespace takes all of it away again.
 */
export function databaseObjects(namespace: string, image: string, password: string): KubernetesObject[] {
  const labels = { app: DATABASE, "app.kubernetes.io/managed-by": "slipway-scenarios" };
  const metadata = { name: DATABASE, namespace, labels };
  const space: V1Namespace = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace, labels: { ...labels, ...RESTRICTED_NAMESPACE } },
  };
  const secret: V1Secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata,
    stringData: { [PASSWORD_KEY]: password },
  };
  const service: V1Service = {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: { selector: { app: DATABASE }, ports: [{ name: "postgres", port: DATABASE_PORT }] },
  };
  return [space, secret, service, { ...deployment(image, labels), metadata }];
}

function deployment(image: string, labels: Record<string, string>): V1Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    spec: {
      replicas: 1,
      strategy: { type: "Recreate" },
      selector: { matchLabels: { app: DATABASE } },
      template: {
        metadata: { labels },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: podSecurity(NONROOT),
          terminationGracePeriodSeconds: 5,
          containers: [
            {
              name: DATABASE,
              image,
              imagePullPolicy: "IfNotPresent",
              ports: [{ name: "postgres", containerPort: DATABASE_PORT }],
              readinessProbe: { tcpSocket: { port: "postgres" }, periodSeconds: 1 },
              resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "192Mi" } },
              securityContext: containerSecurity(),
              volumeMounts: [
                { name: "data", mountPath: DATA_FOLDER },
                { name: "password", mountPath: PASSWORD_FOLDER, readOnly: true },
              ],
            },
          ],
          volumes: [
            { name: "data", emptyDir: { sizeLimit: "256Mi" } },
            { name: "password", secret: { secretName: DATABASE, defaultMode: 0o440 } },
          ],
        },
      },
    },
  };
}

function splitLast(path: string): [folder: string, name: string] {
  const at = path.lastIndexOf("/");
  return [path.slice(0, at), path.slice(at + 1)];
}
