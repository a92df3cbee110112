import { join } from "node:path";
import { paths } from "../../machine/paths.ts";
import { run } from "../../machine/run.ts";
import { layout } from "../../sandbox/layout.ts";

const ADMIN = { KUBECONFIG: layout().kubeconfig };

/** Kinds whose objects come and go by themselves. */
const TRANSIENT = /^(events|leases|endpoints|endpointslices|pods|replicasets|controllerrevisions)(\.|$)/;

/** Runs kubectl against the sandbox as its admin; returns what it prints. */
export async function kubectl(...args: string[]): Promise<string> {
  return (await run(join(paths().bin, "kubectl"), args, { env: ADMIN })).stdout;
}

/** The same with an object for its stdin. */
export async function kubectlWith(input: object, ...args: string[]): Promise<string> {
  const options = { env: ADMIN, input: JSON.stringify(input) };
  return (await run(join(paths().bin, "kubectl"), args, options)).stdout;
}

/** Every lasting object of the cluster, `NAMESPACE kind/name`, sorted. */
export async function clusterObjects(): Promise<string[]> {
  const kinds = (await kubectl("api-resources", "--verbs=list", "--output=name")).split("\n");
  const lasting = kinds.filter((kind) => kind !== "" && !TRANSIENT.test(kind));
  const columns = "NAMESPACE:.metadata.namespace,KIND:.kind,NAME:.metadata.name";
  const list = await kubectl(
    "get",
    lasting.join(","),
    "--all-namespaces",
    "--no-headers",
    `--output=custom-columns=${columns}`,
  );
  return list
    .split("\n")
    .map((line) => line.trim().replaceAll(/\s+/g, " "))
    .filter((line) => line !== "")
    .sort();
}
