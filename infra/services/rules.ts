import type { Draft, Finding, Rule } from "../config/finding.ts";
import { repositoryOf } from "../config/schema/values.ts";
import {
  CHANNEL_SECRETS,
  channelsWithSecret,
  KUBECONFIG_SECRET,
  SECRET_PREFIX,
  serviceSecret,
  setSecretCommand,
} from "../config/secrets.ts";
import { SLOTS } from "../lib/names.ts";
import { suggest } from "../lib/nearest.ts";
import type { Catalogue } from "./catalogue.ts";
import { OWN_VARIABLES } from "./service.ts";

const SERVICES = "slipway:services";
const RELEASES = "slipway:releases";

/** Rules between a stack file and the catalogue. */
export function serviceRules(catalogue: Catalogue): Rule[] {
  return [
    (draft) => unknownServices(draft, catalogue),
    (draft) => missingReleases(draft),
    (draft) => hostnames(draft, catalogue),
    (draft) => sizes(draft, catalogue),
    (draft) => foreignImages(draft, catalogue),
    (draft) => secrets(draft, catalogue),
    (draft) => overridden(draft, catalogue),
    (draft) => production(draft, catalogue),
  ];
}

function unknownServices({ config }: Draft, catalogue: Catalogue): Finding[] {
  const services = Object.keys(config.services ?? {});
  const unknown = services.filter((name) => !catalogue.has(name));
  const strays = Object.keys(config.releases ?? {}).filter(
    (name) => config.services && !services.includes(name),
  );
  return [
    ...unknown.map((name) => ({
      path: [SERVICES, name],
      what: `the catalogue has no service "${name}"`,
      remedy: suggest(name, [...catalogue.keys()]),
    })),
    ...strays.map((name) => ({
      path: [RELEASES, name],
      what: `a release of "${name}", which ${SERVICES} does not list`,
      remedy: suggest(name, services),
    })),
  ];
}

function missingReleases({ config: { services, releases } }: Draft): Finding[] {
  if (services === undefined || releases === undefined) return [];
  return Object.keys(services)
    .filter((name) => releases[name] === undefined)
    .map((name) => ({
      path: [RELEASES, name],
      what: `no release of "${name}"`,
      remedy: `say what runs first: { phase: steady, active: blue, blue: { release: r1, image: … } }`,
    }));
}

function hostnames({ config: { services = {} } }: Draft, catalogue: Catalogue): Finding[] {
  return Object.entries(services).flatMap(([name, { hostnames }]) => {
    const kind = catalogue.get(name)?.kind;
    const path = [SERVICES, name, "hostnames"];
    if (kind === "http" && hostnames.length === 0) {
      return [{ path, what: "is missing: the gateway serves it under a name", remedy: "list at least 1" }];
    }
    if (kind === "tcp" && hostnames.length > 0) {
      return [{ path, what: `no gateway serves ${name}: its kind is tcp`, remedy: "remove it" }];
    }
    return [];
  });
}

function sizes({ config: { services = {} } }: Draft, catalogue: Catalogue): Finding[] {
  return Object.entries(services).flatMap(([name, { replicas, autoscale }]) =>
    replicas === undefined || (autoscale ?? catalogue.get(name)?.autoscale) === undefined
      ? []
      : [
          {
            path: [SERVICES, name, "replicas"],
            what: "has no effect: the autoscaler decides how many pods there are",
            remedy: "remove it, or set autoscale.min",
          },
        ],
  );
}

/** The wrong image in a slot passes every other check until its probes fail. */
function foreignImages({ config: { releases = {} } }: Draft, catalogue: Catalogue): Finding[] {
  return Object.entries(releases).flatMap(([name, release]) =>
    SLOTS.flatMap((slot) => {
      const image = release[slot]?.image;
      const expected = catalogue.get(name)?.image;
      if (image === undefined || expected === undefined || repositoryOf(image).split("/").at(-1) === expected)
        return [];
      return [{ path: [RELEASES, name, slot, "image"], what: `"${image}" is not an image of ${expected}` }];
    }),
  );
}

function secrets({ stack, config, secrets: set }: Draft, catalogue: Catalogue): Finding[] {
  const needed = [
    ...Object.keys(config.services ?? {}).flatMap((name) =>
      (catalogue.get(name)?.secrets ?? []).map((variable) => ({
        secret: serviceSecret(name, variable),
        reader: `${name} reads it as ${variable}`,
      })),
    ),
    ...channelsWithSecret(config.notifications ?? {}).map((channel) => ({
      secret: CHANNEL_SECRETS[channel],
      reader: `slipway:notifications.${channel} needs it`,
    })),
  ];
  const known = [KUBECONFIG_SECRET, ...needed.map(({ secret }) => secret)];
  const complete = config.services !== undefined && config.notifications !== undefined;
  return [
    ...needed
      .filter(({ secret }) => !set.has(secret))
      .map(({ secret, reader }) => ({
        path: [`${SECRET_PREFIX}${secret}`],
        what: `is missing: ${reader}`,
        remedy: `run: ${setSecretCommand(secret, stack)}`,
      })),
    ...(complete ? [...set] : [])
      .filter((secret) => !known.includes(secret))
      .map((secret) => ({ path: [`${SECRET_PREFIX}${secret}`], ...unread(secret, known) })),
  ];
}

function unread(secret: string, known: readonly string[]): Omit<Finding, "path"> {
  const channel = Object.entries(CHANNEL_SECRETS).find(([, name]) => name === secret)?.[0];
  if (channel === undefined) {
    return { what: `no service of this stack reads the secret "${secret}"`, remedy: suggest(secret, known) };
  }
  return {
    what: `no channel of this stack uses the secret "${secret}"`,
    remedy: `set slipway:notifications.${channel === "email" ? "email.user" : channel}, or remove the secret`,
  };
}

/** A plain variable over a secret one would put a secret's place into a ConfigMap. */
function overridden({ config: { services = {} } }: Draft, catalogue: Catalogue): Finding[] {
  return Object.entries(services).flatMap(([name, { config = {} }]) => {
    const taken = [...OWN_VARIABLES, ...(catalogue.get(name)?.secrets ?? [])];
    return Object.keys(config)
      .filter((variable) => taken.includes(variable))
      .map((variable) => ({
        path: [SERVICES, name, "config", variable],
        what: `${variable} is set by Slipway or comes from a secret`,
        remedy: "remove it here",
      }));
  });
}

function production({ config: { environment, services = {} } }: Draft, catalogue: Catalogue): Finding[] {
  if (environment !== "production") return [];
  return Object.entries(services).flatMap(([name, here]) => {
    const scale = here.autoscale ?? catalogue.get(name)?.autoscale;
    const pods = scale?.min ?? here.replicas ?? catalogue.get(name)?.replicas ?? 2;
    if (pods >= 2) return [];
    return [
      {
        path: [SERVICES, name, ...(scale === undefined ? ["replicas"] : ["autoscale", "min"])],
        what: `found ${pods}: in production one pod is an outage whenever its node goes`,
        remedy: "write at least 2",
      },
    ];
  });
}
