import type { Property, ProviderInterface } from "./provider-interface.ts";
import { capitalised, InterfaceBuilder, listOf, mapOf, union, withoutArgs } from "./provider-interface.ts";

interface TypeSpec {
  readonly type?: string;
  readonly $ref?: string;
  readonly items?: TypeSpec;
  readonly additionalProperties?: TypeSpec;
  readonly oneOf?: readonly TypeSpec[];
}

interface PropertySpec extends TypeSpec {
  readonly secret?: boolean;
  readonly const?: unknown;
}

type Properties = Readonly<Record<string, PropertySpec>>;

interface ObjectSpec {
  readonly properties?: Properties;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly language?: { readonly nodejs?: { readonly requiredOutputs?: readonly string[] } };
  readonly isOverlay?: boolean;
}

interface ResourceSpec extends ObjectSpec {
  readonly inputProperties?: Properties;
  readonly requiredInputs?: readonly string[];
  readonly stateInputs?: ObjectSpec;
}

interface FunctionSpec {
  readonly inputs?: ObjectSpec;
  readonly outputs?: ObjectSpec;
  readonly isOverlay?: boolean;
}

/** A provider's schema, as far as the comparison needs it. */
export interface PackageSchema {
  readonly name: string;
  readonly meta?: { readonly moduleFormat?: string };
  readonly language?: {
    readonly nodejs?: { compatibility?: string; moduleToPackage?: Readonly<Record<string, string>> };
  };
  readonly types?: Readonly<Record<string, ObjectSpec>>;
  readonly config?: { readonly variables?: Properties };
  readonly provider?: ResourceSpec;
  readonly resources?: Readonly<Record<string, ResourceSpec>>;
  readonly functions?: Readonly<Record<string, FunctionSpec>>;
}

type Direction = "input" | "output";

const CORE_TYPES: Readonly<Record<string, string>> = {
  "pulumi.json#/Any": "any",
  "pulumi.json#/Json": "any",
  "pulumi.json#/Archive": "Archive",
  "pulumi.json#/Asset": "Archive | Asset",
};

/** Places of which an npm package tells whether a property is secret. */
const SHOWS_SECRETS = /^(provider|resource .*) (input|output)$/;

/** Resources, functions and types that exist only as code in the npm package. */
export function overlays({ resources, functions, types }: PackageSchema): Set<string> {
  const all = [resources, functions, types].flatMap((specs) => Object.entries(specs ?? {}));
  return new Set(all.filter(([, spec]) => spec.isOverlay).map(([token]) => token));
}

/** The interface that a schema describes, in the names that its npm package would use. */
export function schemaInterface(schema: PackageSchema): ProviderInterface {
  return new SchemaReader(schema).read();
}

class SchemaReader {
  readonly #schema: PackageSchema;
  readonly #built = new InterfaceBuilder();
  readonly #seen = new Set<string>();

  constructor(schema: PackageSchema) {
    this.#schema = schema;
  }

  read(): ProviderInterface {
    const skipped = overlays(this.#schema);
    const { config, provider, resources, functions } = this.#schema;
    // Only for the types: the stack's own configuration of default providers is not used.
    for (const variable of Object.values(config?.variables ?? {})) this.#shape(variable, "output");
    this.#add("provider input", "input", provider?.inputProperties, provider?.requiredInputs);
    for (const [token, resource] of Object.entries(resources ?? {})) {
      if (skipped.has(token)) continue;
      this.#built.add(`resource ${token}`);
      this.#add(`resource ${token} input`, "input", resource.inputProperties, resource.requiredInputs);
      this.#add(`resource ${token} output`, "output", resource.properties, resource.required);
      this.#add(`resource ${token} state`, "input", resource.stateInputs?.properties);
    }
    for (const [token, { inputs, outputs }] of Object.entries(functions ?? {})) {
      if (skipped.has(token) || token.startsWith("pulumi:providers:")) continue;
      this.#built.add(`function ${token}`);
      this.#add(`function ${token} argument`, "input", inputs?.properties, inputs?.required);
      this.#add(`function ${token} result`, "output", outputs?.properties, outputs?.required);
    }
    return this.#built.result();
  }

  #add(owner: string, direction: Direction, properties: Properties = {}, required: readonly string[] = []) {
    // Kubernetes' npm package says of every output that it is there.
    const always = direction === "output" && this.#schema.language?.nodejs?.compatibility === "kubernetes20";
    const told = Object.entries(properties).map(([name, spec]): [string, Property] => [
      name,
      {
        required: always || required.includes(name),
        shape: spec.const === undefined ? this.#shape(spec, direction) : JSON.stringify(spec.const),
        secret: spec.secret === true && SHOWS_SECRETS.test(owner),
      },
    ]);
    this.#built.addProperties(owner, told);
  }

  #shape(spec: TypeSpec, direction: Direction): string {
    if (spec.oneOf !== undefined) return union(spec.oneOf.map((one) => this.#shape(one, direction)));
    if (spec.$ref !== undefined) return this.#referred(spec.$ref, direction);
    if (spec.items !== undefined) return listOf(this.#shape(spec.items, direction));
    if (spec.type === "object") {
      return mapOf(this.#shape(spec.additionalProperties ?? { type: "string" }, direction));
    }
    return spec.type === "integer" ? "number" : (spec.type ?? "any");
  }

  #referred(ref: string, direction: Direction): string {
    const core = CORE_TYPES[ref];
    if (core !== undefined) return core;
    const token = decodeURIComponent(ref.slice("#/types/".length));
    const type = this.#schema.types?.[token];
    if (type === undefined) throw new Error(`the schema refers to ${ref}, which it does not have`);
    const name = this.#typeName(token);
    if (type.enum !== undefined) return `enum ${name}`;
    const told = direction === "input" ? withoutArgs(name) : name;
    if (!this.#seen.has(`${direction} ${token}`)) {
      this.#seen.add(`${direction} ${token}`);
      const outputs = direction === "output" ? type.language?.nodejs?.requiredOutputs : undefined;
      this.#add(`type ${direction} ${told}`, direction, type.properties, outputs ?? type.required);
    }
    return told;
  }

  /** `remote.Connection` for `command:remote:Connection`; TypeScript's types begin with a capital. */
  #typeName(token: string): string {
    const [, module = "", last = ""] = token.split(":");
    const name = capitalised(last);
    const format = this.#schema.meta?.moduleFormat;
    const plain = format === undefined ? module : (new RegExp(format).exec(module)?.[1] ?? module);
    const path = this.#schema.language?.nodejs?.moduleToPackage?.[plain] ?? plain;
    return path === "index" || path === "" ? name : `${path.replaceAll("/", ".")}.${name}`;
  }
}
