import fc from "fast-check";
import { expect, test } from "vitest";
import { parseCpu, parseMemory, type Resources } from "../../infra/lib/quantity.ts";
import { containerDefaults, quota, serviceDemand } from "../../infra/platform/model/quota.ts";

const resources: Resources = {
  requests: { cpu: parseCpu("100m"), memory: parseMemory("64Mi") },
  limits: { memory: parseMemory("128Mi") },
};

const defaults: Resources = {
  requests: { cpu: parseCpu("20m"), memory: parseMemory("32Mi") },
  limits: { memory: parseMemory("64Mi") },
};

test("a quota holds both slots, a rollout of one and a smoke test, and the headroom above", () => {
  // 3 × 2 + 1 pods of the service, one that asks for nothing itself, and half as much again.
  expect(quota(serviceDemand({ replicas: 2, resources }, defaults), 50)).toEqual({
    pods: "12",
    "requests.cpu": "1080m",
    "requests.memory": "720Mi",
    "limits.memory": "1440Mi",
    "services.loadbalancers": "0",
    "services.nodeports": "0",
  });
});

test("a quota holds an autoscaled service at its largest size, and a migration", () => {
  const pods = (service: Parameters<typeof serviceDemand>[0]) =>
    quota(serviceDemand(service, defaults), 0).pods;
  expect(pods({ replicas: 2, autoscale: { min: 2, max: 6, cpu: 70 }, resources })).toBe("20");
  const migration = { command: ["/migrate"], timeout: { milliseconds: 60_000 } };
  expect(pods({ replicas: 2, migration, resources })).toBe("9");
});

test("a namespace without pods gets none", () => {
  expect(quota([], 50)).toMatchObject({ pods: "0", "requests.cpu": "0", "limits.memory": "0" });
});

test("a quota never refuses what it was made for", () => {
  const demand = fc.record({
    replicas: fc.integer({ min: 1, max: 50 }),
    headroom: fc.integer({ min: 0, max: 300 }),
  });
  fc.assert(
    fc.property(demand, ({ replicas, headroom }) => {
      const hard = quota(serviceDemand({ replicas, resources }, resources), headroom);
      const pods = 3 * replicas + 2;
      expect(Number(hard.pods)).toBeGreaterThanOrEqual(pods);
      expect(parseCpu(hard["requests.cpu"] ?? "").millicores).toBeGreaterThanOrEqual(pods * 100);
      expect(parseMemory(hard["limits.memory"] ?? "").bytes).toBeGreaterThanOrEqual(pods * 128 * 1024 ** 2);
    }),
  );
});

test("a container that asks for nothing gets the defaults", () => {
  expect(containerDefaults(resources)).toEqual({
    type: "Container",
    defaultRequest: { cpu: "100m", memory: "64Mi" },
    default: { memory: "128Mi" },
  });
});
