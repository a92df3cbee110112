import { describe, expect, test } from "vitest";
import type { Config } from "../../infra/config/schema/stack.ts";
import { type NamespacePlan, planNamespaces } from "../../infra/platform/model/namespaces.ts";
import { catalogue } from "../../infra/services/catalogue.ts";
import { resolveServices } from "../../infra/services/resolve.ts";
import { configOf, type StackName } from "../support/config.ts";

function plans(config: Config): Record<string, NamespacePlan> {
  const all = planNamespaces(config, resolveServices(config, catalogue));
  return Object.fromEntries(all.map((plan) => [plan.owner, plan]));
}

function policy(plan: NamespacePlan | undefined, name: string) {
  return plan?.policies.find((candidate) => candidate.name === name)?.spec;
}

const namespace = (name: string) => ({ matchLabels: { "kubernetes.io/metadata.name": name } });
const sandbox = plans(configOf("sandbox"));
const staging = plans(configOf("staging"));

test("there is one namespace for each system, one for monitoring, one for the gateway", () => {
  expect(Object.values(staging).map(({ name }) => name)).toEqual([
    "demo-staging",
    "paws360-staging",
    "monitoring-staging",
    "gateway-staging",
  ]);
});

describe.each<StackName>(["sandbox", "staging", "production"])("every namespace of %s", (stack) => {
  const all = Object.values(plans(configOf(stack)));

  test("admits restricted pods only", () => {
    for (const { namespaceLabels } of all) {
      for (const mode of ["enforce", "audit", "warn"]) {
        expect(namespaceLabels[`pod-security.kubernetes.io/${mode}`]).toBe("restricted");
      }
    }
  });

  test("is closed in both directions, but for DNS", () => {
    for (const plan of all) {
      expect(policy(plan, "default-deny")).toEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
      expect(policy(plan, "allow-dns")?.egress).toEqual([
        {
          to: [
            {
              namespaceSelector: namespace("kube-system"),
              podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
            },
          ],
          ports: [
            { protocol: "UDP", port: 53 },
            { protocol: "TCP", port: 53 },
          ],
        },
      ]);
    }
  });

  test("is protected in production only", () => {
    for (const { protect } of all) expect(protect).toBe(stack === "production");
  });
});

describe("a system's namespace", () => {
  test("may attach routes, and gives each service an account of its own", () => {
    expect(staging.paws360?.namespaceLabels["slipway.dev/gateway"]).toBe("staging");
    expect(staging.paws360?.serviceAccounts).toEqual(["paws360-backend", "paws360-frontend"]);
  });

  test("lets gateway, Prometheus, its smoke test and callers reach a service's port, nobody else", () => {
    expect(policy(staging.paws360, "paws360-backend")?.ingress).toEqual([
      {
        from: [
          { namespaceSelector: namespace("gateway-staging"), podSelector: {} },
          {
            namespaceSelector: namespace("monitoring-staging"),
            podSelector: { matchLabels: { app: "prometheus" } },
          },
          { podSelector: { matchLabels: { app: "paws360-backend-smoke" } } },
          { podSelector: { matchLabels: { app: "paws360-frontend" } } },
        ],
        ports: [{ protocol: "TCP", port: 8080 }],
      },
    ]);
  });

  test("lets a service call what the catalogue and the stack file name", () => {
    expect(policy(staging.paws360, "paws360-frontend")?.egress).toEqual([
      {
        to: [{ podSelector: { matchLabels: { app: "paws360-backend" } } }],
        ports: [{ protocol: "TCP", port: 8080 }],
      },
    ]);
    expect(policy(staging.paws360, "paws360-backend")?.egress).toEqual([
      { to: [{ ipBlock: { cidr: "10.40.16.0/24" } }], ports: [{ protocol: "TCP", port: 5432 }] },
      { to: [{ ipBlock: { cidr: "10.40.17.0/24" } }], ports: [{ protocol: "TCP", port: 6379 }] },
    ]);
  });

  test("lets a smoke test reach the service that it tests, and nobody reach the smoke test", () => {
    expect(policy(staging.paws360, "paws360-backend-smoke")).toEqual({
      podSelector: { matchLabels: { app: "paws360-backend-smoke" } },
      policyTypes: ["Egress"],
      ingress: undefined,
      egress: [
        {
          to: [{ podSelector: { matchLabels: { app: "paws360-backend" } } }],
          ports: [{ protocol: "TCP", port: 8080 }],
        },
      ],
    });
  });

  test("is closed to the gateway for a service that no gateway stands before", () => {
    const config = configOf("sandbox");
    const services = resolveServices(config, catalogue).map((service) => ({
      ...service,
      kind: "tcp" as const,
    }));
    const demo = planNamespaces(config, services).find(({ owner }) => owner === "demo");
    expect(policy(demo, "demo")?.ingress?.[0]?.from).not.toContainEqual({
      namespaceSelector: namespace("traefik"),
      podSelector: {},
    });
    expect(policy(sandbox.demo, "demo")?.ingress?.[0]?.from).toContainEqual({
      namespaceSelector: namespace("traefik"),
      podSelector: {},
    });
  });

  test("opens no way out for a service that calls nobody", () => {
    expect(policy(sandbox.demo, "demo")).toMatchObject({ policyTypes: ["Ingress"], egress: undefined });
  });

  test("knows a gateway without pods by its addresses", () => {
    const config = configOf("sandbox");
    const gateway = { ...config.gateway, preset: "gke" as const, dataPlaneAddresses: ["198.51.100.0/24"] };
    expect(policy(plans({ ...config, gateway }).demo, "demo")?.ingress?.[0]?.from?.[0]).toEqual({
      ipBlock: { cidr: "198.51.100.0/24" },
    });
  });
});

describe("the monitoring namespace", () => {
  const out = policy(sandbox.monitoring, "prometheus")?.egress;

  test("lets Prometheus reach its targets and the API server", () => {
    expect(out).toEqual([
      {
        to: [{ namespaceSelector: namespace("demo-sandbox"), podSelector: { matchLabels: { app: "demo" } } }],
        ports: [{ protocol: "TCP", port: 8080 }],
      },
      {
        to: [{ namespaceSelector: namespace("traefik"), podSelector: {} }],
        ports: [{ protocol: "TCP", port: 9100 }],
      },
      {
        to: [{ namespaceSelector: namespace("kube-system"), podSelector: {} }],
        ports: [{ protocol: "TCP", port: 8080 }],
      },
      {
        to: undefined,
        ports: [
          { protocol: "TCP", port: 443 },
          { protocol: "TCP", port: 6443 },
        ],
      },
    ]);
  });

  test("is open to the gateway only where Prometheus has a public name", () => {
    const peers = (plan: NamespacePlan | undefined) => policy(plan, "prometheus")?.ingress?.[0]?.from;
    expect(peers(sandbox.monitoring)).toContainEqual({
      namespaceSelector: namespace("traefik"),
      podSelector: {},
    });
    expect(sandbox.monitoring?.namespaceLabels).toHaveProperty(["slipway.dev/gateway"], "sandbox");
    expect(peers(staging.monitoring)).not.toContainEqual({
      namespaceSelector: namespace("gateway-staging"),
      podSelector: {},
    });
    expect(staging.monitoring?.namespaceLabels).not.toHaveProperty(["slipway.dev/gateway"]);
  });
});

test("Prometheus can be asked through the API server, where that has known addresses", () => {
  const peers = (plan: NamespacePlan | undefined) => policy(plan, "prometheus")?.ingress?.[0]?.from;
  expect(peers(staging.monitoring)).toEqual([{ podSelector: {} }, { ipBlock: { cidr: "10.40.0.0/28" } }]);
  expect(peers(sandbox.monitoring)?.filter(({ ipBlock }) => ipBlock !== undefined)).toEqual([]);
});

describe("the gateway's namespace", () => {
  test("holds no pods where the traffic is carried elsewhere", () => {
    expect(sandbox.gateway?.quota?.pods).toBe("0");
    expect(sandbox.gateway?.policies.map(({ name }) => name)).toEqual(["default-deny", "allow-dns"]);
  });

  test("is open where its pods carry the traffic, and Prometheus may find them", () => {
    expect(staging.gateway?.quota).toBeUndefined();
    expect(policy(staging.gateway, "gateway")).toEqual({
      podSelector: {},
      policyTypes: ["Ingress", "Egress"],
      ingress: [{}],
      egress: [{ to: [{ namespaceSelector: {} }] }],
    });
    expect(staging.gateway?.scrapedBy).toEqual({
      serviceAccount: "prometheus",
      namespace: "monitoring-staging",
    });
  });
});
