import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { Component } from "../lib/component.ts";
import { DISCOVERY_RULES, type NamespacePlan } from "./model/namespaces.ts";

/**
 * A namespace with its guard-rails: Pod Security, quota, container defaults, network policies, ServiceAccounts, and the
 * right of Prometheus to find its endpoints.
 */
export class GuardedNamespace extends Component {
  /** The namespace's name, known once it exists: whoever uses it comes after it. */
  readonly namespace: pulumi.Output<string>;

  constructor(name: string, plan: NamespacePlan, opts: pulumi.ComponentResourceOptions) {
    super("slipway:platform:GuardedNamespace", name, opts);
    const namespace = new k8s.core.v1.Namespace(
      name,
      { metadata: { name: plan.name, labels: plan.namespaceLabels } },
      { parent: this, protect: plan.protect },
    );
    this.namespace = namespace.metadata.name;
    this.#limits(name, plan);
    this.#network(name, plan);
    this.#access(name, plan);
    this.registerOutputs({ namespace: this.namespace });
  }

  #limits(name: string, plan: NamespacePlan): void {
    if (plan.quota !== undefined) {
      new k8s.core.v1.ResourceQuota(
        `${name}-quota`,
        { metadata: this.#meta("namespace", plan), spec: { hard: plan.quota } },
        { parent: this },
      );
    }
    new k8s.core.v1.LimitRange(
      `${name}-container-defaults`,
      { metadata: this.#meta("container-defaults", plan), spec: { limits: [plan.containerDefaults] } },
      { parent: this },
    );
  }

  #network(name: string, plan: NamespacePlan): void {
    for (const policy of plan.policies) {
      new k8s.networking.v1.NetworkPolicy(
        `${name}-${policy.name}`,
        { metadata: this.#meta(policy.name, plan), spec: policy.spec },
        { parent: this },
      );
    }
  }

  #access(name: string, plan: NamespacePlan): void {
    for (const account of plan.serviceAccounts) {
      new k8s.core.v1.ServiceAccount(
        `${name}-${account}`,
        { metadata: this.#meta(account, plan), automountServiceAccountToken: false },
        { parent: this },
      );
    }
    if (plan.scrapedBy === undefined) return;
    const { serviceAccount, namespace } = plan.scrapedBy;
    const role = new k8s.rbac.v1.Role(
      `${name}-discovery`,
      { metadata: this.#meta("prometheus-discovery", plan), rules: DISCOVERY_RULES },
      { parent: this },
    );
    new k8s.rbac.v1.RoleBinding(
      `${name}-discovery`,
      {
        metadata: this.#meta("prometheus-discovery", plan),
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
        subjects: [{ kind: "ServiceAccount", name: serviceAccount, namespace }],
      },
      { parent: this },
    );
  }

  #meta(name: string, plan: NamespacePlan) {
    return { name, namespace: this.namespace, labels: plan.labels };
  }
}
