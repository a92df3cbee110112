import { describe, expect, test } from "vitest";
import { PRESETS } from "../../infra/platform/model/presets.ts";

const profiles = Object.entries(PRESETS).flatMap(([name, { metrics, profile }]) =>
  "absent" in profile ? [] : [{ name, metrics, profile }],
);

test("a gateway either tells slots apart or says why it cannot", () => {
  expect(profiles.map(({ name }) => name)).toEqual(["istio", "kgateway", "traefik"]);
  const absent = Object.values(PRESETS).flatMap(({ profile }) =>
    "absent" in profile ? [profile.absent] : [],
  );
  expect(absent).toHaveLength(4);
  for (const reason of absent) expect(reason).not.toBe("");
});

describe.each(profiles)("the profile of $name", ({ metrics, profile }) => {
  test("comes with metrics to scrape", () => {
    expect(metrics).toBeDefined();
  });

  test("has one label that names the slot's Service, and the namespace in the same or another", () => {
    const patterns = Object.values(profile.backend);
    expect(patterns.filter((pattern) => pattern.includes("$service"))).toHaveLength(1);
    expect(patterns.join()).toContain("$namespace");
  });

  test("leaves the first group of its patterns to the slot", () => {
    for (const pattern of Object.values(profile.backend)) expect(pattern).not.toMatch(/\((?!\?:)/);
  });

  test("takes latency from buckets in the unit that their name gives, if any", () => {
    const { buckets, unit } = profile.latency;
    expect(buckets).toMatch(/_bucket$/);
    if (/seconds/.test(buckets)) expect(buckets).toContain(unit);
  });
});
