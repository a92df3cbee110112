import { expect, test } from "vitest";
import { delivery } from "../../infra/config/schema/delivery.ts";

const IMAGE = `slipway.local/demo@sha256:${"0123456789abcdef".repeat(4)}`;
const SETTINGS = {
  analysis: {
    window: "1m",
    interval: "5s",
    minRequests: 50,
    errorTolerance: "1%",
    latencyTolerance: "20%",
    latencyFloor: "50ms",
    maxRestarts: 0,
    hold: "1m",
  },
  smoke: { image: IMAGE },
};

function faultsOf(change: object): string[] {
  const { error } = delivery.safeParse({ ...SETTINGS, ...change });
  return error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
}

test("addresses of Prometheus and of a Pushgateway are taken as they are", () => {
  expect(
    faultsOf({ prometheus: "https://prometheus.example.org/one", pushgateway: "http://10.0.0.9:9091" }),
  ).toEqual([]);
});

test.each(["prometheus", "pushgateway"])(
  "%s with a log-in in its address is refused, and the log-in not repeated",
  (key) => {
    const faults = faultsOf({ [key]: "https://driver:canary-word@prometheus.example.org" });
    expect(faults).toEqual([
      `${key}: the address holds a log-in, which everybody who reads this file would see`,
    ]);
  },
);

test("looks that are further apart than the window is long are refused", () => {
  const faults = faultsOf({ analysis: { ...SETTINGS.analysis, interval: "2m" } });
  expect(faults).toEqual(["analysis.interval: interval is longer than window"]);
});
