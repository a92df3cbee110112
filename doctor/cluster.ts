import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { cluster } from "../infra/config/schema/cluster.ts";
import { readStackFile } from "../infra/config/stack-file.ts";
import { UserError } from "../infra/lib/errors.ts";
import type { Check, Finding } from "../machine/check.ts";
import type { Paths } from "../machine/paths.ts";
import { REPOSITORY, stackFileName } from "../machine/repository.ts";
import { type ClusterAddress, checkCluster } from "../sandbox/cluster-check.ts";
import { layout } from "../sandbox/layout.ts";
import { status } from "../sandbox/status.ts";

/** Whether a stack's cluster answers and takes the user's credentials. */
export function clusterCheck(stack: string, paths: Paths): Check {
  const run = () => (stack === "sandbox" ? sandboxFinding(paths) : stackFinding(stack));
  return { area: "cluster", title: `of stack ${stack}`, run };
}

async function sandboxFinding(paths: Paths): Promise<Finding> {
  const place = layout(paths.sandbox);
  const { state, addresses } = await status(place);
  if (state === "stopped")
    return { status: "skip", detail: "the sandbox is not running; npm start starts it" };
  return finding({ kubeconfig: place.kubeconfig, context: addresses.context });
}

async function stackFinding(stack: string): Promise<Finding> {
  const file = stackFileName(stack);
  const text = await readFile(join(REPOSITORY, file), "utf8").catch(() => undefined);
  const address = text === undefined ? undefined : addressIn(text, file);
  if (address === undefined) return { status: "skip", detail: `${file} does not say which` };
  return finding(address);
}

/** The cluster that a stack file names, whatever else in the file is wrong. */
function addressIn(text: string, file: string): ClusterAddress | undefined {
  const area = cluster.safeParse(readStackFile(text, file).values["slipway:cluster"]);
  if (!area.success) return undefined;
  const { context, kubeconfig } = area.data;
  return { context, ...(kubeconfig === undefined ? {} : { kubeconfig }) };
}

async function finding(address: ClusterAddress): Promise<Finding> {
  try {
    const { context, server, version, gatewayApi } = await checkCluster(address);
    const detail = `Kubernetes ${version} at ${server}, context ${context}`;
    if (gatewayApi) return { status: "ok", detail };
    return {
      status: "fail",
      detail: `${detail}: no Gateway API`,
      remedy: "install the gateway of the stack's preset",
    };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const [fault] = error.faults;
    const remedy = fault?.remedy === undefined ? {} : { remedy: fault.remedy };
    return { status: "fail", detail: `${fault?.where}: ${fault?.what}`, ...remedy };
  }
}
