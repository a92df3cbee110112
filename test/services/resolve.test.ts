import { describe, expect, test } from "vitest";
import { parseMemory } from "../../infra/lib/quantity.ts";
import { catalogue } from "../../infra/services/catalogue.ts";
import { resolveServices } from "../../infra/services/resolve.ts";
import { configOf, serviceIn } from "../support/config.ts";

describe("a service in a stack", () => {
  test("takes sizes from the stack file", () => {
    const { replicas, resources } = serviceIn("production", "paws360-backend");
    expect(replicas).toBe(4);
    expect(resources.limits.memory).toEqual(parseMemory("2Gi"));
  });

  test("takes from the catalogue what the stack file leaves open", () => {
    const { replicas, resources, probes } = serviceIn("sandbox", "demo");
    expect(replicas).toBe(2);
    expect(resources.limits.memory).toEqual(parseMemory("128Mi"));
    expect(probes.readiness).toBe("/health");
  });

  test("has the variables of both; the stack file wins", () => {
    expect(serviceIn("sandbox", "demo").config).toEqual({
      GREETING: "Hello from Slipway",
      FAULTS: "on",
    });
    expect(serviceIn("staging", "demo").config).toEqual({ GREETING: "Hello from staging" });
    expect(serviceIn("staging", "paws360-frontend").config).toEqual({
      NODE_ENV: "production",
      BACKEND_URL: "https://api.staging.paws360.example",
    });
  });

  test("takes its autoscaler from the stack file, else from the catalogue", () => {
    const config = configOf("sandbox");
    const [own, theirs] = [
      { min: 1, max: 3, cpu: 50 },
      { min: 2, max: 8, cpu: 70 },
    ];
    const demo = catalogue.get("demo");
    if (demo === undefined) throw new Error("there is no demo");
    const scaled = new Map([["demo", { ...demo, autoscale: own }]]);
    const autoscaleOf = (...args: Parameters<typeof resolveServices>) =>
      resolveServices(...args)[0]?.autoscale;
    expect(autoscaleOf(config, catalogue)).toBeUndefined();
    expect(autoscaleOf(config, scaled)).toEqual(own);
    const services = { demo: { hostnames: ["demo.localhost"], autoscale: theirs } };
    expect(autoscaleOf({ ...config, services }, scaled)).toEqual(theirs);
  });

  test("lives in the namespace of its system and environment", () => {
    expect(serviceIn("production", "paws360-frontend").namespace).toBe("paws360-production");
  });
});

test("services come sorted, in whatever order the file has them", () => {
  const config = configOf("production");
  const reversed = { ...config, services: Object.fromEntries(Object.entries(config.services).reverse()) };
  expect(resolveServices(reversed, catalogue).map(({ name }) => name)).toEqual([
    "demo",
    "paws360-backend",
    "paws360-frontend",
  ]);
});
