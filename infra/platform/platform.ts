import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { Component, type Place } from "../lib/component.ts";
import type { Environment } from "../lib/names.ts";
import { GuardedNamespace } from "./guarded-namespace.ts";
import { type GatewayPlan, gatewayObject } from "./model/gateway.ts";
import type { NamespacePlan } from "./model/namespaces.ts";

/** Arguments of {@link Platform}. */
export interface PlatformArgs {
  readonly environment: Environment;
  readonly namespaces: readonly NamespacePlan[];
  readonly gateway: GatewayPlan;
}

/** What every environment stands on: guarded namespaces and the Gateway. */
export class Platform extends Component {
  /** Owner (a system, `monitoring`, `gateway`) to the name of its namespace. */
  readonly namespaces: Readonly<Record<string, pulumi.Output<string>>>;
  readonly #guarded: ReadonlyMap<string, GuardedNamespace>;

  constructor(name: string, args: PlatformArgs, opts: pulumi.ComponentResourceOptions) {
    super("slipway:platform:Platform", name, opts);
    this.#guarded = new Map(
      args.namespaces.map((plan) => [
        plan.owner,
        new GuardedNamespace(`${name}-${plan.owner}`, plan, { parent: this }),
      ]),
    );
    const gateway = gatewayObject(args.gateway, args.environment);
    new k8s.apiextensions.CustomResource(
      `${name}-gateway`,
      { ...gateway, metadata: { ...gateway.metadata, namespace: this.place("gateway").namespace } },
      { parent: this, protect: args.gateway.protect },
    );
    this.namespaces = Object.fromEntries(
      [...this.#guarded].map(([owner, { namespace }]) => [owner, namespace]),
    );
    this.registerOutputs({ namespaces: this.namespaces });
  }

  /** Where objects of a system, of `monitoring` or of `gateway` go. */
  place(owner: string): Place {
    const guarded = this.#guarded.get(owner);
    if (guarded === undefined) throw new Error(`no namespace is planned for "${owner}"`);
    return { namespace: guarded.namespace, ready: guarded };
  }
}
