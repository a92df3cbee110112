import { type Finding, formatPath } from "../config/finding.ts";
import { findingsOf } from "../config/issues.ts";
import { UserError } from "../lib/errors.ts";
import { SHARED_AREAS } from "../lib/names.ts";
import { suggest } from "../lib/nearest.ts";
import { demo } from "./demo.ts";
import { backend, frontend } from "./paws360.ts";
import { type Service, type ServiceDefinition, service } from "./service.ts";

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
    ...services.flatMap((entry) => [...reserved(entry), ...clashes(entry), ...badCalls(entry, definitions)]),
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

function clashes({ name, config, secrets }: Service): Finding[] {
  const own = ["SLOT", "RELEASE"];
  const set = [...own, ...Object.keys(config), ...secrets];
  const twice = new Set(set.filter((variable, index) => set.indexOf(variable) !== index));
  return [...twice].map((variable) => ({
    path: [name],
    what: `the variable ${variable} is set twice`,
    remedy: own.includes(variable) ? "Slipway sets it; rename yours" : "keep it in config or in secrets",
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
export const catalogue = buildCatalogue([demo, backend, frontend]);
