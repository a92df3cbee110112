/**
 * What a provider offers, in a form that can be compared: place -> what is there. Places are like
 * `resource command:remote:Command input connection`, values like `required secret remote.Connection`.
 */
export type ProviderInterface = ReadonlyMap<string, string>;

/** A property as both sides tell it. `shape` is its type in TypeScript's words, without Input, Output and undefined. */
export interface Property {
  readonly required: boolean;
  readonly secret?: boolean;
  readonly shape: string;
}

/** Collects places; the same place twice must be the same thing. */
export class InterfaceBuilder {
  readonly #places = new Map<string, string>();

  add(place: string, value = "exists"): void {
    const known = this.#places.get(place);
    if (known !== undefined && known !== value) throw new Error(`${place}: both ${known} and ${value}`);
    this.#places.set(place, value);
  }

  /** Adds one place per property: `<owner> <name>`. */
  addProperties(owner: string, properties: Iterable<readonly [string, Property]>): void {
    for (const [name, { required, secret, shape }] of properties) {
      const presence = required ? "required" : "optional";
      this.add(`${owner} ${name}`, secret === true ? `${presence} secret ${shape}` : `${presence} ${shape}`);
    }
  }

  result(): ProviderInterface {
    return this.#places;
  }
}

/** One line for each place at which the two differ, sorted. */
export function differences(provider: ProviderInterface, npm: ProviderInterface): string[] {
  return [...new Set([...provider.keys(), ...npm.keys()])]
    .filter((place) => provider.get(place) !== npm.get(place))
    .sort()
    .map((place) => `${place}: provider ${provider.get(place) ?? "-"}, npm ${npm.get(place) ?? "-"}`);
}

/** Types that a value may have, as one shape. */
export function union(shapes: readonly string[]): string {
  return [...new Set(shapes)].sort().join(" | ");
}

/** A list of a shape. */
export function listOf(shape: string): string {
  return shape.includes(" | ") ? `(${shape})[]` : `${shape}[]`;
}

/** A map from string to a shape. */
export function mapOf(shape: string): string {
  return `{${shape}}`;
}

/** Input types come with and without the suffix `Args`, for values with and without outputs in them. */
export function withoutArgs(name: string): string {
  return name.replace(/Args$/, "");
}

/** The word with a capital first letter. */
export function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
