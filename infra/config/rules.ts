import { SLOTS } from "../lib/names.ts";
import type { Draft, Finding, Rule } from "./finding.ts";
import { hasDigest } from "./schema/values.ts";
import { KUBECONFIG_SECRET } from "./secrets.ts";

/** Rules across areas that need the stack file alone. */
export const configRules: readonly Rule[] = [
  oneKubeconfig,
  distinctHostnames,
  pinnedImages,
  productionMonitoring,
  productionTls,
];

function oneKubeconfig({ config: { cluster }, secrets }: Draft): Finding[] {
  if (cluster?.kubeconfig === undefined || !secrets.has(KUBECONFIG_SECRET)) return [];
  return [
    {
      path: ["slipway:cluster", "kubeconfig"],
      what: "the kubeconfig is given twice, as a path and as a secret",
      remedy: "keep one",
    },
  ];
}

/** Two routes with one host name: the gateway would serve the older and say nothing. */
function distinctHostnames({ config: { services = {}, monitoring } }: Draft): Finding[] {
  const all = Object.entries(services).flatMap(([name, { hostnames }]) =>
    hostnames.map((hostname, index) => ({ hostname, path: ["slipway:services", name, "hostnames", index] })),
  );
  const prometheus = monitoring?.prometheus.hostname;
  if (prometheus !== undefined) {
    all.push({ hostname: prometheus, path: ["slipway:monitoring", "prometheus", "hostname"] });
  }
  return all
    .filter(({ hostname }, index) => all.findIndex((other) => other.hostname === hostname) !== index)
    .map(({ hostname, path }) => ({
      path,
      what: `the host name "${hostname}" is taken`,
      remedy: "give each its own",
    }));
}

function pinnedImages({ config: { environment, releases = {}, monitoring, delivery } }: Draft): Finding[] {
  if (environment !== "production") return [];
  const images = Object.entries(releases).flatMap(([name, release]) =>
    SLOTS.map((slot) => ({ path: ["slipway:releases", name, slot, "image"], image: release[slot]?.image })),
  );
  images.push({ path: ["slipway:monitoring", "prometheus", "image"], image: monitoring?.prometheus.image });
  images.push({ path: ["slipway:delivery", "smoke", "image"], image: delivery?.smoke.image });
  return images.flatMap(({ path, image }) =>
    image === undefined || hasDigest(image)
      ? []
      : [
          {
            path,
            what: `"${image}" has no digest: in production a tag may come to mean another image`,
            remedy: "write registry/name@sha256:…",
          },
        ],
  );
}

function productionMonitoring({ config: { environment, monitoring } }: Draft): Finding[] {
  if (environment !== "production" || monitoring === undefined) return [];
  const { hostname, storage } = monitoring.prometheus;
  const at = (key: string) => ["slipway:monitoring", "prometheus", key];
  return [
    ...(storage === undefined
      ? [
          {
            path: at("storage"),
            what: "is missing: production keeps its samples over a restart",
            remedy: "write a size",
          },
        ]
      : []),
    ...(hostname === undefined
      ? []
      : [
          {
            path: at("hostname"),
            what: "Prometheus has no log-in: production must not publish it",
            remedy: "remove it",
          },
        ]),
  ];
}

function productionTls({ config: { environment, gateway } }: Draft): Finding[] {
  if (environment !== "production" || gateway === undefined || gateway.certificate !== undefined) return [];
  return [
    {
      path: ["slipway:gateway", "certificate"],
      what: "is missing: production serves HTTPS only",
      remedy: "name a TLS Secret of the gateway's namespace",
    },
  ];
}
