import type { GatewayRef } from "../../infra/platform/model/route.ts";
import type { Finding } from "../../machine/check.ts";
import type { Prometheus } from "../analysis/prometheus.ts";
import type { Cluster, KubernetesObject } from "../cluster.ts";

/** What a controller says about an object. */
interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  /** The version of the object that it has seen. */
  readonly observedGeneration?: number;
}

interface Generations {
  readonly metadata: KubernetesObject["metadata"] & { readonly generation?: number };
}

/** A Gateway, as far as its health goes. */
export interface Gateway extends KubernetesObject, Generations {
  readonly metadata: Generations["metadata"];
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** An HTTPRoute, as far as its health goes. */
export interface Route extends KubernetesObject, Generations {
  readonly metadata: Generations["metadata"];
  readonly status?: {
    readonly parents?: readonly {
      readonly parentRef: { readonly name: string; readonly namespace?: string };
      readonly conditions?: readonly Condition[];
    }[];
  };
}

const ANSWER_MS = 5_000;

/** Whether the API server is ready for requests. @throws UserError when it cannot be reached. */
export async function apiServerFinding(cluster: Pick<Cluster, "raw">): Promise<Finding> {
  const answer = await cluster.raw("/readyz", ANSWER_MS);
  if (answer.trim() === "ok") return { status: "ok", detail: "ready" };
  return { status: "fail", detail: answer.trim(), remedy: "kubectl get --raw '/readyz?verbose' says more" };
}

/** Whether the environment's Gateway carries traffic. */
export function gatewayFinding({ metadata, status }: Gateway): Finding {
  return conditionFinding(metadata.generation, status?.conditions, ["Accepted", "Programmed"]);
}

/** Whether a service's route has been taken up by the Gateway, with all the Services that it leads to. */
export function routeFinding({ metadata, status }: Route, gateway: GatewayRef): Finding {
  const parents = (status?.parents ?? []).filter(
    ({ parentRef }) =>
      parentRef.name === gateway.name && (parentRef.namespace ?? metadata.namespace) === gateway.namespace,
  );
  const findings = parents.map(({ conditions }) =>
    conditionFinding(metadata.generation, conditions, ["Accepted", "ResolvedRefs"]),
  );
  return (
    findings.find((finding) => finding.status === "ok") ??
    findings[0] ?? {
      status: "fail",
      detail: `gateway ${gateway.name} has not answered to it`,
      remedy: "check that the gateway's controller runs",
    }
  );
}

function conditionFinding(
  generation: number | undefined,
  conditions: readonly Condition[] = [],
  wanted: readonly string[],
): Finding {
  for (const type of wanted) {
    const condition = conditions.find((candidate) => candidate.type === type);
    if (condition?.status !== "True") {
      const { reason = "no word of it yet", message = "" } = condition ?? {};
      const remedy = "check the gateway's controller and the objects that this names";
      return { status: "fail", detail: `not ${type}: ${reason}${message && `: ${message}`}`, remedy };
    }
    if ((condition.observedGeneration ?? generation) !== generation) {
      const remedy = "check that the gateway's controller keeps up";
      return { status: "warn", detail: `${type}, but not in its last version`, remedy };
    }
  }
  return { status: "ok", detail: wanted.join(", ") };
}

/** Whether Prometheus answers, and sees anything at all: without it no candidate could pass its analysis. */
export async function prometheusFinding(prometheus: Pick<Prometheus, "query">): Promise<Finding> {
  const [targets] = await prometheus.query("count(up == 1)");
  if (targets !== undefined) return { status: "ok", detail: `${targets.value} targets are up` };
  const remedy = "see Prometheus' page of targets: no analysis could pass";
  return { status: "fail", detail: "answers, but none of its targets is up", remedy };
}
