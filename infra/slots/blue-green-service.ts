import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { Component, type Place, placed } from "../lib/component.ts";
import { protectsLive } from "../lib/names.ts";
import type { GatewayRef } from "../platform/model/route.ts";
import type { ResolvedService } from "../services/resolve.ts";
import { route, slotName } from "./model/manifests.ts";
import type { SlotPlan } from "./model/plan.ts";
import { Slot } from "./slot.ts";

/** Arguments of {@link BlueGreenService}. */
export interface BlueGreenServiceArgs {
  readonly service: ResolvedService;
  readonly plan: SlotPlan;
  readonly gateway: GatewayRef;
  readonly place: Place;
  /** Environment variables with the secrets that fill them. */
  readonly secrets: Readonly<Record<string, pulumi.Output<string>>>;
}

/**
 * A service with both its slots and the one route that shares the traffic between them. Switching, canary, promotion
 * and rollback are all the same edit: the route's weights.
 */
export class BlueGreenService extends Component {
  constructor(name: string, args: BlueGreenServiceArgs, opts: pulumi.ComponentResourceOptions) {
    super("slipway:slots:BlueGreenService", name, opts);
    const { service, plan, place, secrets } = args;
    const slot = (state: SlotPlan["blue"]) =>
      new Slot(slotName(name, state.slot), { service, state, place, secrets }, { parent: this });
    const slots = { blue: slot(plan.blue), green: slot(plan.green) };

    // Forward, traffic moves only after the candidate is up. Back, nothing that can fail stands before the route.
    const gate = plan.gate === undefined ? [] : [slots[plan.gate].deployment];
    new k8s.apiextensions.CustomResource(name, placed(route(service, plan, args.gateway), place), {
      parent: this,
      dependsOn: gate,
      protect: protectsLive(service.environment),
    });
    this.registerOutputs({ weights: { blue: plan.blue.weight, green: plan.green.weight } });
  }
}
