import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { Component, type Place, placed } from "../lib/component.ts";
import { protectsLive } from "../lib/names.ts";
import type { PrometheusPlan } from "./model/plan.ts";
import {
  prometheusClaim,
  prometheusConfigMap,
  prometheusDeployment,
  prometheusRoute,
  prometheusService,
} from "./model/workload.ts";

/** Arguments of {@link Prometheus}. */
export interface PrometheusArgs {
  readonly plan: PrometheusPlan;
  readonly place: Place;
}

/**
 * Prometheus: configuration (immutable, named anew with each content, so that a new one restarts the pod), Deployment,
 * Service, and where the stack file asks for them a volume and a route through the gateway.
 */
export class Prometheus extends Component {
  constructor(name: string, { plan, place }: PrometheusArgs, opts: pulumi.ComponentResourceOptions) {
    super("slipway:monitoring:Prometheus", name, opts);
    const configMap = new k8s.core.v1.ConfigMap(name, placed(prometheusConfigMap(plan), place), {
      parent: this,
    });
    const claim = prometheusClaim(plan);
    const volume =
      claim &&
      new k8s.core.v1.PersistentVolumeClaim(name, placed(claim, place), {
        parent: this,
        protect: protectsLive(plan.environment),
      });
    const made = { configMap: configMap.metadata.name, claim: volume?.metadata.name };
    new k8s.apps.v1.Deployment(name, placed(prometheusDeployment(plan, made), place), {
      parent: this,
      dependsOn: place.ready,
    });
    new k8s.core.v1.Service(name, placed(prometheusService(plan), place), { parent: this });
    const route = prometheusRoute(plan);
    if (route !== undefined)
      new k8s.apiextensions.CustomResource(name, placed(route, place), { parent: this });
    this.registerOutputs({ url: plan.url });
  }
}
