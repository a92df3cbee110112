import * as pulumi from "@pulumi/pulumi";

/** A component's type, part of every child's URN: renaming it needs `aliases`. */
export type TypeToken = `slipway:${string}:${string}`;

const TYPE_TOKEN = /^slipway:[a-z]+:[A-Z][A-Za-z0-9]*$/;

/**
 * Base of all components. Holds two rules that are easily broken and hard to repair once there is state: the type token
 * is `slipway:<area>:<Class>`, and every child's name starts with its component's name. The third, that a constructor
 * ends with `registerOutputs`, cannot be seen from here: a test reads the sources for it.
 */
export abstract class Component extends pulumi.ComponentResource {
  protected constructor(type: TypeToken, name: string, opts: pulumi.ComponentResourceOptions) {
    if (!TYPE_TOKEN.test(type)) {
      throw new Error(`component type "${type}" is not of the form slipway:<area>:<Class>`);
    }
    super(type, name, {}, pulumi.mergeOptions(opts, { transformations: [refuseForeignNames(type, name)] }));
  }
}

/** Two components with children of the same name would fight over one URN; the prefix makes that impossible. */
function refuseForeignNames(type: TypeToken, name: string): pulumi.ResourceTransformation {
  return (child) => {
    if (child.name !== name && !child.name.startsWith(`${name}-`)) {
      throw new Error(
        `${child.type} "${child.name}" in ${type} "${name}": its name must start with "${name}-"`,
      );
    }
    return undefined;
  };
}

/** Where a component puts its objects. */
export interface Place {
  /** The namespace's name, known once it exists. */
  readonly namespace: pulumi.Input<string>;
  /** What pods need to start there: quota, policies, ServiceAccounts. */
  readonly ready: pulumi.Resource;
}

/** A manifest with its namespace filled in. */
export function placed<T extends { metadata: object }>(manifest: T, { namespace }: Place) {
  return { ...manifest, metadata: { ...manifest.metadata, namespace } };
}
