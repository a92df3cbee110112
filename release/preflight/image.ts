import { hasDigest } from "../../infra/config/schema/values.ts";
import type { Environment } from "../../infra/lib/names.ts";
import type { Finding } from "../../machine/check.ts";
import type { KubernetesObject } from "../cluster.ts";
import { fullName, type ImageReference, parseReference } from "./reference.ts";
import type { RegistryAnswer } from "./registry.ts";

/** A node, as far as images go. The kubelet lists the fifty largest that it has, by tag and by digest. */
export interface Node extends KubernetesObject {
  readonly spec?: {
    readonly unschedulable?: boolean;
    readonly taints?: readonly { readonly effect: string }[];
  };
  readonly status?: { readonly images?: readonly { readonly names?: readonly string[] }[] };
}

/**
 * Whether an image can be run: every node has it, or its registry does. Where the registry gives no answer, production
 * does not go on: a node that is made anew could not pull it either.
 */
export async function imageFinding(
  image: string,
  environment: Environment,
  nodes: readonly Node[],
  ask: (reference: ImageReference) => Promise<RegistryAnswer>,
): Promise<Finding> {
  if (environment === "production" && !hasDigest(image)) {
    const detail = `"${image}" has no digest: in production a tag may come to mean another image`;
    return { status: "fail", detail, remedy: "name it by its digest: registry/name@sha256:…" };
  }
  const reference = parseReference(image);
  const where = placesOf(reference, nodes);
  if (where.all) return { status: "ok", detail: `${where.text} already` };
  return registryFinding(reference, await ask(reference), environment, where.text);
}

/** Which of the nodes that take pods have the image. */
function placesOf(reference: ImageReference, nodes: readonly Node[]): { all: boolean; text: string } {
  const name = fullName(reference);
  const takers = nodes.filter(takesPods);
  const having = takers.filter(({ status }) => status?.images?.some(({ names }) => names?.includes(name)));
  const all = having.length > 0 && having.length === takers.length;
  return { all, text: `on ${having.length} of ${takers.length} ${takers.length === 1 ? "node" : "nodes"}` };
}

function takesPods({ spec = {} }: Node): boolean {
  return spec.unschedulable !== true && !spec.taints?.some(({ effect }) => effect !== "PreferNoSchedule");
}

function registryFinding(
  reference: ImageReference,
  answer: RegistryAnswer,
  environment: Environment,
  places: string,
): Finding {
  const { registry, digest } = reference;
  switch (answer.kind) {
    case "absent": {
      const detail = `${registry} has no ${fullName(reference)}; it is ${places}`;
      return { status: "fail", detail, remedy: "push the image first, or mend its name" };
    }
    case "unknown":
      return {
        status: environment === "production" ? "fail" : "warn",
        detail: `${registry} could not be asked for it: ${answer.why}; it is ${places}`,
        remedy: `check that this machine reaches ${registry} and may read there: docker login ${registry}`,
      };
    case "there":
      if (digest !== undefined && answer.digest !== digest) {
        const detail = `${registry} answers with ${answer.digest} where ${digest} was asked for`;
        return { status: "fail", detail, remedy: "do not use this registry before it is known why" };
      }
      return { status: "ok", detail: `${registry} has it: ${answer.digest}` };
  }
}
