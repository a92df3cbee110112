import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { Component, type Place, placed } from "../lib/component.ts";
import { formatDuration } from "../lib/duration.ts";
import { protectsLive } from "../lib/names.ts";
import type { ResolvedService } from "../services/resolve.ts";
import { deployment, leftToTheCluster, type Made, rolloutTimeout } from "./model/deployment.ts";
import { migrationJob, migrationTimeout } from "./model/jobs.ts";
import { autoscaler, disruptionBudget, slotConfigMap, slotSecret, slotService } from "./model/manifests.ts";
import type { SlotState } from "./model/plan.ts";

/** Arguments of {@link Slot}. */
export interface SlotArgs {
  readonly service: ResolvedService;
  readonly state: SlotState;
  readonly place: Place;
  /** Environment variables with the secrets that fill them. */
  readonly secrets: Readonly<Record<string, pulumi.Output<string>>>;
}

/** The provider keeps a Secret's `stringData` as `data`: the engine knows what was there by that name only. */
const SECRET_CONTENT = ["data", "stringData"];

/**
 * One colour of a blue-green pair: ConfigMap and Secret (immutable, named anew with each content, so that the old
 * release keeps its own), Deployment, Service and disruption budget; where the service has them a migration before the
 * Deployment and an autoscaler.
 */
export class Slot extends Component {
  readonly deployment: k8s.apps.v1.Deployment;

  constructor(name: string, args: SlotArgs, opts: pulumi.ComponentResourceOptions) {
    super("slipway:slots:Slot", name, opts);
    const { service, state, place } = args;
    const made = this.#variables(name, args);
    const migration = this.#migration(name, args, made);
    this.deployment = new k8s.apps.v1.Deployment(name, placed(deployment(service, state, made), place), {
      parent: this,
      dependsOn: migration === undefined ? place.ready : [place.ready, migration],
      customTimeouts: timeouts(rolloutTimeout(service)),
      ignoreChanges: leftToTheCluster(state),
    });
    new k8s.core.v1.Service(name, placed(slotService(service, state.slot), place), {
      parent: this,
      protect: protectsLive(service.environment),
    });
    new k8s.policy.v1.PodDisruptionBudget(name, placed(disruptionBudget(service, state.slot), place), {
      parent: this,
    });
    const scaler = autoscaler(service, state);
    if (scaler !== undefined) {
      new k8s.autoscaling.v2.HorizontalPodAutoscaler(name, placed(scaler, place), { parent: this });
    }
    this.registerOutputs({ deployment: this.deployment.metadata.name });
  }

  #variables(name: string, { service, state, place, secrets }: SlotArgs): Made<pulumi.Output<string>> {
    const configMap = new k8s.core.v1.ConfigMap(name, placed(slotConfigMap(service, state), place), {
      parent: this,
    });
    const secret =
      service.secrets.length > 0
        ? new k8s.core.v1.Secret(name, placed(slotSecret(service, state.slot, secrets), place), {
            parent: this,
            ignoreChanges: state.keepsSecrets ? SECRET_CONTENT : [],
          })
        : undefined;
    return { configMap: configMap.metadata.name, secret: secret?.metadata.name };
  }

  #migration(name: string, { service, state, place }: SlotArgs, made: Made<pulumi.Output<string>>) {
    const job = migrationJob(service, state, made);
    if (job === undefined) return undefined;
    return new k8s.batch.v1.Job(`${name}-migration`, placed(job, place), {
      parent: this,
      dependsOn: place.ready,
      customTimeouts: timeouts(migrationTimeout(service)),
    });
  }
}

function timeouts(time: Parameters<typeof formatDuration>[0]): pulumi.CustomTimeouts {
  const text = formatDuration(time);
  return { create: text, update: text };
}
