import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CLUSTER, overlap } from "../../sandbox/addresses.ts";

describe("overlap", () => {
  test.each([
    ["10.0.0.0/8", "10.219.0.0/16", true],
    ["10.219.3.7", "10.219.0.0/16", true],
    ["10.218.0.0/16", "10.219.0.0/16", false],
    ["192.168.0.0/24", "192.168.0.255", true],
    ["192.168.0.0/24", "192.168.1.0/24", false],
    ["0.0.0.0/0", "10.219.0.0/16", true],
    ["10.219.5.0/16", "10.219.200.1", true],
    ["255.255.255.255", "128.0.0.0/1", true],
  ])("%s and %s: %s", (one, other, expected) => {
    expect(overlap(one, other)).toBe(expected);
    expect(overlap(other, one)).toBe(expected);
  });

  test("an address lies in exactly one of the two halves of all addresses", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(overlap(address, "0.0.0.0/1")).toBe(!overlap(address, "128.0.0.0/1"));
      }),
    );
  });
});

test("the cluster's ranges do not overlap, and hold its addresses", () => {
  expect(overlap(CLUSTER.podRange, CLUSTER.serviceRange)).toBe(false);
  expect(overlap(CLUSTER.podRange, CLUSTER.nodeAddress)).toBe(true);
  expect(overlap(CLUSTER.serviceRange, CLUSTER.dnsAddress)).toBe(true);
  expect(overlap(CLUSTER.serviceRange, CLUSTER.apiServiceAddress)).toBe(true);
});

test.each([
  ["Docker", "172.17.0.0/12"],
  ["Podman", "10.88.0.0/16"],
  ["k3s", "10.42.0.0/15"],
  ["kubeadm and kind", "10.96.0.0/12"],
  ["kind's pods", "10.244.0.0/16"],
  ["CRC", "10.217.0.0/22"],
])("they are none of %s's", (_, range) => {
  expect(overlap(CLUSTER.podRange, range) || overlap(CLUSTER.serviceRange, range)).toBe(false);
});
