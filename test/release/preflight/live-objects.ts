import type { Config } from "../../../infra/config/schema/stack.ts";
import { SLOTS, type SlotName } from "../../../infra/lib/names.ts";
import { gatewayObject, planGateway } from "../../../infra/platform/model/gateway.ts";
import type { ResolvedService } from "../../../infra/services/resolve.ts";
import { route } from "../../../infra/slots/model/live.ts";
import { slotName } from "../../../infra/slots/model/manifests.ts";
import { planSlots } from "../../../infra/slots/model/plan.ts";
import type { KubernetesObject } from "../../../release/cluster.ts";
import type { Deployment } from "../../../release/pods.ts";
import type { Gateway, Route } from "../../../release/preflight/network.ts";

/** A condition that is met, as a controller reports it on an object's first version. */
export function met(type: string, observedGeneration = 1) {
  return { type, status: "True", reason: type, observedGeneration };
}

/** A service's route as the program makes it, taken up by the gateway. */
export function liveRoute(config: Config, service: ResolvedService): Route {
  const gateway = planGateway(config);
  const made = route(service, planSlots(service, service.release), gateway);
  const { name, namespace } = gateway;
  return {
    ...made,
    metadata: { ...made.metadata, namespace: service.namespace, generation: 1 },
    status: {
      parents: [{ parentRef: { name, namespace }, conditions: [met("Accepted"), met("ResolvedRefs")] }],
    },
  };
}

/** The environment's Gateway as the program makes it, working. */
export function liveGateway(config: Config): Gateway {
  const plan = planGateway(config);
  const made = gatewayObject(plan, config.environment);
  return {
    ...made,
    metadata: { ...made.metadata, namespace: plan.namespace, generation: 1 },
    status: { conditions: [met("Accepted"), met("Programmed")] },
  };
}

/** A slot's Deployment with all its pods ready. */
export function liveDeployment(service: ResolvedService, slot: SlotName): Deployment {
  const { image, replicas } = planSlots(service, service.release)[slot];
  return {
    kind: "Deployment",
    metadata: {
      name: slotName(service.name, slot),
      namespace: service.namespace,
      labels: { app: service.name, slot },
      generation: 1,
    },
    spec: { replicas, template: { spec: { containers: [{ image }] } } },
    status: { observedGeneration: 1, readyReplicas: replicas },
  };
}

/** Everything that the preflight of a service finds in a healthy cluster, with its candidate's image on the node. */
export function healthyCluster(config: Config, service: ResolvedService, image: string): KubernetesObject[] {
  const node = { kind: "Node", metadata: { name: "one" }, status: { images: [{ names: [image] }] } };
  const deployments = SLOTS.map((slot) => liveDeployment(service, slot));
  return [liveGateway(config), liveRoute(config, service), ...deployments, node];
}
