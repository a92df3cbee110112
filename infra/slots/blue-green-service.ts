import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { Component, type Place, placed } from "../lib/component.ts";
import { formatDuration } from "../lib/duration.ts";
import { protectsLive } from "../lib/names.ts";
import type { GatewayRef } from "../platform/model/route.ts";
import type { ResolvedService } from "../services/resolve.ts";
import { smokeJob, smokeTimeout } from "./model/jobs.ts";
import { liveService, route } from "./model/live.ts";
import { slotName } from "./model/manifests.ts";
import type { SlotPlan } from "./model/plan.ts";
import { Slot } from "./slot.ts";

/** Arguments of {@link BlueGreenService}. */
export interface BlueGreenServiceArgs {
  readonly service: ResolvedService;
  readonly plan: SlotPlan;
  readonly gateway: GatewayRef;
  readonly place: Place;
  /** Image of the smoke test's runner. */
  readonly smokeImage: string;
  /** Environment variables with the secrets that fill them. */
  readonly secrets: Readonly<Record<string, pulumi.Output<string>>>;
}

/**
 * A service with both its slots and the one object that shares the traffic between them: a route, or without a gateway
 * a live Service. Switching, canary, promotion and rollback are all the same edit of that object.
 */
export class BlueGreenService extends Component {
  constructor(name: string, args: BlueGreenServiceArgs, opts: pulumi.ComponentResourceOptions) {
    super("slipway:slots:BlueGreenService", name, opts);
    const { service, plan, place, secrets } = args;
    const slot = (state: SlotPlan["blue"]) =>
      new Slot(slotName(name, state.slot), { service, state, place, secrets }, { parent: this });
    const slots = { blue: slot(plan.blue), green: slot(plan.green) };
    const smoke = this.#smoke(name, args, slots);

    // Forward, traffic moves only after the candidate is up and was tried. Back, nothing that can fail stands before it.
    const { waitsFor } = plan;
    const before = [
      ...(waitsFor.deployment === undefined ? [] : [slots[waitsFor.deployment].deployment]),
      ...(waitsFor.smoke && smoke !== undefined ? [smoke] : []),
    ];
    this.#live(name, args, before);
    this.registerOutputs({ weights: { blue: plan.blue.weight, green: plan.green.weight } });
  }

  #smoke(name: string, { service, plan, place, smokeImage }: BlueGreenServiceArgs, slots: Slots) {
    const { smoke } = plan;
    if (smoke === undefined) return undefined;
    const time = formatDuration(smokeTimeout(service));
    return new k8s.batch.v1.Job(`${name}-smoke`, placed(smokeJob(service, smoke, smokeImage), place), {
      parent: this,
      dependsOn: slots[smoke.slot].deployment,
      customTimeouts: { create: time, update: time },
    });
  }

  #live(
    name: string,
    { service, plan, place, gateway }: BlueGreenServiceArgs,
    dependsOn: pulumi.Resource[],
  ): void {
    const opts = { parent: this, dependsOn, protect: protectsLive(service.environment) };
    switch (service.kind) {
      case "http":
        new k8s.apiextensions.CustomResource(name, placed(route(service, plan, gateway), place), opts);
        return;
      case "tcp":
        new k8s.core.v1.Service(name, placed(liveService(service, plan), place), opts);
    }
  }
}

type Slots = Readonly<Record<SlotPlan["blue"]["slot"], Slot>>;
