import { describe, expect, test } from "vitest";
import { buildCatalogue, catalogue } from "../../infra/services/catalogue.ts";
import { demo } from "../../infra/services/demo.ts";
import type { ServiceDefinition } from "../../infra/services/service.ts";
import { fillIn } from "../../infra/services/signals.ts";
import { faultsOf } from "../support/faults.ts";

function faults(change: Partial<ServiceDefinition>): string[] {
  return faultsOf(() => buildCatalogue([{ ...demo, ...change }]));
}

/** Faults of one check with this query. */
function queryFaults(query: string): string[] {
  return faults({ checks: [{ name: "orders", query, min: 1 }] });
}

describe("signals are refused for", () => {
  test.each<[string, Partial<ServiceDefinition["signals"]>, string]>([
    [
      "a metric with a selector",
      { requests: "http_requests_total{}" },
      'demo.signals.requests: found "http_requests_total{}"\n  -> write the name of a metric, such as "http_requests_total"',
    ],
    [
      "a histogram without its buckets",
      { latencyBuckets: "http_request_duration_seconds" },
      'demo.signals.latencyBuckets: found "http_request_duration_seconds"\n  -> write the name of the buckets: it ends in "_bucket"',
    ],
    [
      "an exception under no label",
      { except: { "a-b": "x" } },
      'demo.signals.except.a-b: the name "a-b" cannot be used\n  -> write the name of a label, such as "code"',
    ],
  ])("%s", (_, change, fault) => {
    expect(faults({ signals: { ...demo.signals, ...change } })).toEqual([`infra/services: ${fault}`]);
  });
});

describe("a check", () => {
  test("needs a bound that something can pass", () => {
    expect(
      faults({
        checks: [
          { name: "a", query: "up" },
          { name: "b", query: "up", min: 2, max: 1 },
        ],
      }),
    ).toEqual([
      "infra/services: demo.checks[0]: neither min nor max is given: every value would pass",
      "infra/services: demo.checks[1].min: min is above max: no value could pass",
    ]);
  });

  test("needs a name of its own", () => {
    const check = { name: "a", query: "up", min: 1 };
    expect(faults({ checks: [check, check] })).toEqual([
      "infra/services: demo.checks: two checks have the same name",
    ]);
  });

  test("may only use placeholders that stand for something", () => {
    expect(queryFaults('sum(x{slot="$slto"})')).toEqual([
      'infra/services: demo.checks[0].query: "$slto" stands for nothing\n' +
        "  -> known here: $service, $slot, $namespace, $environment, $window",
    ]);
  });

  test("must ask for something", () => {
    expect(queryFaults(" ")).toEqual([
      "infra/services: demo.checks[0].query: the query is empty\n  -> write PromQL",
    ]);
  });

  test.each([
    ["sum(rate(x[$window])) > 5", ">"],
    ['x{a="b"} == 1', "=="],
    ["(a) != (b)", "!="],
    ["a <= on (slot) b", "<="],
  ])("may not filter its result away: %s", (query, comparison) => {
    expect(queryFaults(query)).toEqual([
      `infra/services: demo.checks[0].query: the comparison "${comparison}" leaves no value where it does not hold\n` +
        "  -> compare with min and max",
    ]);
  });

  test.each([
    'sum(rate(x{code=~"5..", slot!="$slot"}[$window])) / (sum(rate(y[$window])) > 0)',
    'count(x{text="a > b"}) # more > less',
    "x > bool 5",
    'label_replace(x, "a", "$1", "b", "(.+)")',
  ])("may be any other query: %s", (query) => {
    expect(queryFaults(query)).toEqual([]);
  });
});

test("the catalogue's services have no checks of their own unless they say so", () => {
  for (const { checks } of catalogue.values()) expect(checks).toEqual([]);
});

test("placeholders are filled in and groups of label_replace are left alone", () => {
  const values = { service: "api", slot: "blue", namespace: "a-b", environment: "e2e", window: "30s" };
  expect(fillIn('$service/$slot/$namespace/$environment[$window] "$1"', values)).toBe(
    'api/blue/a-b/e2e[30s] "$1"',
  );
});
