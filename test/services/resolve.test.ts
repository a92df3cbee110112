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
    expect(serviceIn("sandbox", "demo").config).toEqual({ GREETING: "Hello from Slipway" });
    expect(serviceIn("staging", "demo").config).toEqual({ GREETING: "Hello from staging" });
    expect(serviceIn("staging", "paws360-frontend").config).toEqual({
      NODE_ENV: "production",
      BACKEND_URL: "https://api.staging.paws360.example",
    });
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
