import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { Component, type Place, placed } from "../lib/component.ts";
import { formatDuration } from "../lib/duration.ts";
import { protectsLive } from "../lib/names.ts";
import type { ResolvedService } from "../services/resolve.ts";
import {
  deployment,
  disruptionBudget,
  rolloutTimeout,
  slotConfigMap,
  slotSecret,
  slotService,
} from "./model/manifests.ts";
import type { SlotState } from "./model/plan.ts";

/** Arguments of {@link Slot}. */
export interface SlotArgs {
  readonly service: ResolvedService;
  readonly state: SlotState;
  readonly place: Place;
  /** Environment variables with the secrets that fill them. */
  readonly secrets: Readonly<Record<string, pulumi.Output<string>>>;
}

/**
 * One colour of a blue-green pair: ConfigMap and Secret (immutable, named anew with each content, so that the old
 * release keeps its own), Deployment, Service and disruption budget.
 */
export class Slot extends Component {
  readonly deployment: k8s.apps.v1.Deployment;

  constructor(name: string, args: SlotArgs, opts: pulumi.ComponentResourceOptions) {
    super("slipway:slots:Slot", name, opts);
    const { service, state, place } = args;
    const configMap = new k8s.core.v1.ConfigMap(name, placed(slotConfigMap(service, state), place), {
      parent: this,
    });
    const secret =
      service.secrets.length > 0
        ? new k8s.core.v1.Secret(name, placed(slotSecret(service, state.slot, args.secrets), place), {
            parent: this,
          })
        : undefined;

    const made = { configMap: configMap.metadata.name, secret: secret?.metadata.name };
    const timeout = formatDuration(rolloutTimeout(service));
    this.deployment = new k8s.apps.v1.Deployment(name, placed(deployment(service, state, made), place), {
      parent: this,
      dependsOn: place.ready,
      customTimeouts: { create: timeout, update: timeout },
    });
    new k8s.core.v1.Service(name, placed(slotService(service, state.slot), place), {
      parent: this,
      protect: protectsLive(service.environment),
    });
    new k8s.policy.v1.PodDisruptionBudget(name, placed(disruptionBudget(service, state.slot), place), {
      parent: this,
    });
    this.registerOutputs({ deployment: this.deployment.metadata.name });
  }
}
