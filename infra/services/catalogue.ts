import { type Finding, formatPath } from "../config/finding.ts";
import { findingsOf } from "../config/issues.ts";
import { UserError } from "../lib/errors.ts";
import { SHARED_AREAS } from "../lib/names.ts";
import { suggest } from "../lib/nearest.ts";
import { demo } from "./demo.ts";
import { backend, frontend } from "./paws360.ts";
import { OWN_VARIABLES, type Service, type ServiceDefinition, service } from "./service.ts";
import { shopApi, shopWeb } from "./shop.ts";
import { storeApi, storeWeb } from "./store.ts";

/** Every service by its name. */
export type Catalogue = ReadonlyMap<string, Service>;

/**
 * Checks catalogue entries, each by itself and all together.
 * @throws UserError with all faults of all entries.
 */
export function buildCatalogue(definitions: readonly ServiceDefinition[]): Catalogue {
  const parsed = definitions.map((definition) => ({
    definition,
    result: service.safeParse(definition, { reportInput: true }),
  }));
  const services = parsed.flatMap(({ result }) => (result.success ? [result.data] : []));
  const findings = [
    ...parsed.flatMap(({ definition, result }) =>
      result.success ? [] : findingsOf([definition.name], service, result.error.issues),
    ),
    ...duplicates(definitions),
    ...services.flatMap((entry) => [
      ...reserved(entry),
      ...partNames(entry),
      ...clashes(entry),
      ...badCalls(entry, definitions),
    ]),
  ];
  if (findings.length > 0) {
    throw new UserError(
      findings.map(({ path, ...fault }) => ({ where: `infra/services: ${formatPath(path)}`, ...fault })),
    );
  }
  return new Map(services.map((entry) => [entry.name, entry]));
}

function duplicates(definitions: readonly ServiceDefinition[]): Finding[] {
  const names = definitions.map(({ name }) => name);
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [...twice].map((name) => ({
    path: [name],
    what: `two services are named "${name}"`,
    remedy: "rename one: the name is what pods, routes and releases go by",
  }));
}

function reserved({ name, system }: Service): Finding[] {
  const area = SHARED_AREAS.find((shared) => shared === system);
  if (area === undefined) return [];
  return [
    {
      path: [name, "system"],
      what: `"${area}" has a namespace of Slipway's own`,
      remedy: "rename the system",
    },
  ];
}

/** Endings that Slipway puts behind a service's name for its parts. */
const PARTS = ["blue", "green", "smoke", "migration"];

function partNames({ name }: Service): Finding[] {
  const ending = PARTS.find((part) => name.endsWith(`-${part}`));
  if (ending === undefined) return [];
  return [
    {
      path: [name, "name"],
      what: `ends in "-${ending}", as a part of another service would`,
      remedy: "rename it",
    },
  ];
}

function clashes({ name, config, secrets }: Service): Finding[] {
  const set = [...OWN_VARIABLES, ...Object.keys(config), ...secrets];
  const twice = new Set(set.filter((variable, index) => set.indexOf(variable) !== index));
  return [...twice].map((variable) => ({
    path: [name],
    what: `the variable ${variable} is set twice`,
    remedy: OWN_VARIABLES.includes(variable)
      ? "Slipway sets it; rename yours"
      : "keep it in config or in secrets",
  }));
}

function badCalls({ name, system, calls }: Service, definitions: readonly ServiceDefinition[]): Finding[] {
  const neighbours = definitions.filter((other) => other.system === system && other.name !== name);
  const known = neighbours.map((other) => other.name);
  return calls.flatMap((callee, index) =>
    known.includes(callee)
      ? []
      : [
          {
            path: [name, "calls", index],
            what: `no service "${callee}" in system ${system}`,
            remedy: suggest(callee, known),
          },
        ],
  );
}

/** All services that a stack may run: add yours here. */
export const catalogue = buildCatalogue([demo, shopApi, shopWeb, storeApi, storeWeb, backend, frontend]);
