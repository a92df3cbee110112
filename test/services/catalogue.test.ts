import { describe, expect, test } from "vitest";
import { buildCatalogue, catalogue } from "../../infra/services/catalogue.ts";
import { demo } from "../../infra/services/demo.ts";
import { backend, frontend } from "../../infra/services/paws360.ts";
import type { ServiceDefinition } from "../../infra/services/service.ts";
import { faultsOf } from "../support/faults.ts";

/** The faults of a catalogue in which the demo service was changed. */
function faults(change: Partial<ServiceDefinition>, ...others: ServiceDefinition[]): string[] {
  return faultsOf(() => buildCatalogue([{ ...demo, ...change }, ...others]));
}

test("the catalogue holds the demo, and both parts of the shop, of the store and of paws360", () => {
  expect([...catalogue.keys()]).toEqual([
    "demo",
    "shop-api",
    "shop-web",
    "store-api",
    "store-web",
    "paws360-backend",
    "paws360-frontend",
  ]);
});

describe("an entry is refused for", () => {
  test.each<[string, Partial<ServiceDefinition>, string]>([
    ["a port that is none", { port: 0 }, "infra/services: demo.port: found 0\n  -> write at least 1"],
    [
      "a wrong unit",
      { shutdown: { preStop: "5", grace: "15s" } },
      'infra/services: demo.shutdown.preStop: "5" has no unit\n' +
        '  -> write a number and a unit (ms, s, m, h, d, w), such as "30s", "15m" or "30d"',
    ],
    [
      "a grace period that preStop uses up",
      { shutdown: { preStop: "15s", grace: "15s" } },
      "infra/services: demo.shutdown.grace: grace includes preStop, so it must be longer",
    ],
    ["steps that fall", { steps: [25, 5, 100] }, "infra/services: demo.steps: steps must rise"],
    ["steps that end early", { steps: [5, 25] }, "infra/services: demo.steps: the last step must be 100"],
    [
      "a variable set twice",
      { config: { TOKEN: "x" }, secrets: ["TOKEN"] },
      "infra/services: demo: the variable TOKEN is set twice\n  -> keep it in config or in secrets",
    ],
    [
      "a variable that Slipway sets",
      { config: { SLOT: "blue" } },
      "infra/services: demo: the variable SLOT is set twice\n  -> Slipway sets it; rename yours",
    ],
    [
      "a variable that a migration gets",
      { config: { SCHEMA_MAX: "3" } },
      "infra/services: demo: the variable SCHEMA_MAX is set twice\n  -> Slipway sets it; rename yours",
    ],
    [
      "the name of another's part",
      { name: "demo-smoke" },
      'infra/services: demo-smoke.name: ends in "-smoke", as a part of another service would\n  -> rename it',
    ],
    [
      "shares where there can be none",
      { kind: "tcp" },
      "infra/services: demo.steps: connections are not shared between slots: write [100]",
    ],
    [
      "a smoke test of the same name twice",
      {
        smoke: [
          { name: "health", path: "/health" },
          { name: "health", path: "/" },
        ],
      },
      "infra/services: demo.smoke: two checks have the same name",
    ],
    [
      "a smoke test that leads away from the service",
      { smoke: [{ name: "health", path: "http://elsewhere/" }] },
      'infra/services: demo.smoke[0].path: found "http://elsewhere/"\n  -> write a path such as "/health" or "/search?q=x"',
    ],
    [
      "a pattern that is none",
      { smoke: [{ name: "health", path: "/", expect: { body: "(" } }] },
      "infra/services: demo.smoke[0].expect.body: Invalid regular expression: /(/: Unterminated group",
    ],
    [
      "a migration without a command",
      { migration: { command: [], timeout: "10m" } },
      "infra/services: demo.migration.command: found []\n  -> list at least 1",
    ],
    [
      "a way to ask for the schema that is none",
      { migration: { command: ["migrate"], timeout: "10m", version: [] } },
      "infra/services: demo.migration.version: found []\n  -> list at least 1",
    ],
    [
      "secrets in a place that nobody knows",
      { secretsAs: "arguments" as "files" },
      'infra/services: demo.secretsAs: found "arguments"\n  -> known here: variables, files',
    ],
    [
      "an autoscaler upside down",
      { autoscale: { min: 4, max: 2, cpu: "70%" } },
      "infra/services: demo.autoscale: min is above max",
    ],
    [
      "an autoscaler that never acts",
      { autoscale: { min: 1, max: 2, cpu: "170%" } },
      "infra/services: demo.autoscale.cpu: cpu lies between 1% and 100%",
    ],
    [
      "a system whose namespace is taken",
      { system: "monitoring" },
      'infra/services: demo.system: "monitoring" has a namespace of Slipway\'s own\n  -> rename the system',
    ],
    [
      "a call to a service that is not there",
      { calls: ["nobody"] },
      'infra/services: demo.calls[0]: no service "nobody" in system demo\n  -> remove it',
    ],
  ])("%s", (_, change, fault) => {
    expect(faults(change)).toEqual([fault]);
  });

  test("a name that another has", () => {
    expect(faults({}, { ...backend, name: "demo" })).toEqual([
      'infra/services: demo: two services are named "demo"\n' +
        "  -> rename one: the name is what pods, routes and releases go by",
    ]);
  });

  test("a call to a service of another system", () => {
    expect(faults({ calls: ["paws360-backend"] }, backend)).toEqual([
      'infra/services: demo.calls[0]: no service "paws360-backend" in system demo\n  -> remove it',
    ]);
  });
});

test("the faults of all entries are told at once, and none that only follows from another", () => {
  const faulty = [{ ...demo, port: 0 }, { ...backend, steps: [5] }, frontend];
  expect(faultsOf(() => buildCatalogue(faulty)).map((fault) => fault.split(": ")[1])).toEqual([
    "demo.port",
    "paws360-backend.steps",
  ]);
});
