import { describe, expect, test } from "vitest";
import { cgroupVersion, parseCgroupMounts } from "../../../sandbox/node/cgroups.ts";
import { hostPortRemoval } from "../../../sandbox/node/host-ports.ts";
import { isEmptyTable } from "../../../sandbox/node/machine-state.ts";
import { type Device, networkRules, othersForward, ownDevices } from "../../../sandbox/node/network.ts";
import { policyWarning } from "../../../sandbox/node/policies.ts";
import { mountsBelow, networkResults } from "../../../sandbox/node/remnants.ts";

describe("cgroups", () => {
  const v1 = `30 24 0:26 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
31 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 24 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
33 24 0:29 / / rw - ext4 /dev/vda rw`;

  test("of both versions are found", () => {
    expect(parseCgroupMounts(v1)).toEqual([
      { path: "/sys/fs/cgroup/cpu", version: 1 },
      { path: "/sys/fs/cgroup/memory", version: 1 },
      { path: "/sys/fs/cgroup/unified", version: 2 },
    ]);
  });

  test("a machine with any old controller uses version 1", () => {
    expect(cgroupVersion(parseCgroupMounts(v1))).toBe(1);
    expect(cgroupVersion([{ path: "/sys/fs/cgroup", version: 2 }])).toBe(2);
  });
});

describe("host ports", () => {
  const jumps = `-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ`;
  const own = `-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"slipway0\\" id: \\"f5e\\"" -m multiport --dports 18080 -j CNI-DN-aaa`;
  const other = own
    .replace("slipway0", "podman")
    .replace("18080", "8080")
    .replace("CNI-DN-aaa", "CNI-DN-bbb");
  const saved = (...ports: string[]) => `*nat
:PREROUTING ACCEPT [0:0]
:DOCKER - [0:0]
:CNI-DN-aaa - [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:CNI-HOSTPORT-MASQ - [0:0]
:CNI-HOSTPORT-SETMARK - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
${jumps}
-A CNI-DN-aaa -s 10.219.0.0/16 -d 127.0.0.1/32 -p tcp -m tcp --dport 18080 -j CNI-HOSTPORT-SETMARK
${ports.join("\n")}
-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE
COMMIT
`;

  test("of the last network go with the chains that all networks share, and with nothing else", () => {
    expect(hostPortRemoval(saved(own), "slipway0")).toBe(`*nat
${jumps.replaceAll("-A ", "-D ")}
-F CNI-DN-aaa
-F CNI-HOSTPORT-DNAT
-F CNI-HOSTPORT-SETMARK
-F CNI-HOSTPORT-MASQ
-X CNI-DN-aaa
-X CNI-HOSTPORT-DNAT
-X CNI-HOSTPORT-SETMARK
-X CNI-HOSTPORT-MASQ
COMMIT
`);
  });

  test("of one network among others go alone", () => {
    expect(hostPortRemoval(saved(own, other), "slipway0")).toBe(`*nat
${own.replace("-A ", "-D ")}
-F CNI-DN-aaa
-X CNI-DN-aaa
COMMIT
`);
  });

  test("of others only are left alone", () => {
    expect(hostPortRemoval(saved(other), "slipway0")).toBeUndefined();
    expect(hostPortRemoval("*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n", "slipway0")).toBeUndefined();
  });
});

describe("network devices", () => {
  const all: Device[] = [
    { ifname: "lo", addr_info: [{ local: "127.0.0.1" }] },
    { ifname: "eth0", addr_info: [{ local: "192.0.2.2" }] },
    { ifname: "slipway0", linkinfo: { info_kind: "bridge" }, addr_info: [] },
    { ifname: "veth1", linkinfo: { info_kind: "veth" }, addr_info: [{ local: "10.219.0.1" }] },
  ];

  test("are ours by name or by the node's address", () => {
    expect(ownDevices(all)).toEqual(["slipway0", "veth1"]);
  });

  test("of others show that packets must still be forwarded", () => {
    expect(othersForward(all)).toBe(false);
    expect(othersForward([...all, { ifname: "docker0", linkinfo: { info_kind: "bridge" } }])).toBe(true);
    expect(othersForward([...all, { ifname: "ve-runner", linkinfo: { info_kind: "veth" } }])).toBe(true);
  });

  test("our packet rules replace themselves in one transaction", () => {
    expect(networkRules()).toMatch(/^table ip slipway0\ndelete table ip slipway0\ntable ip slipway0 \{/);
  });
});

describe("remnants", () => {
  test("mounts below a folder come innermost first; its neighbours are not touched", () => {
    const line = (path: string) => `30 24 0:26 / ${path} rw - tmpfs tmpfs rw`;
    const mounts = ["/s/a", "/s/a/b", "/s2/c", "/", "/s", "/s/with\\040space"].map(line).join("\n");
    expect(mountsBelow(mounts, "/s")).toEqual(["/s/with space", "/s/a/b", "/s/a"]);
  });

  test("the CNI cache's files of our pods are found, with their loopback devices", () => {
    const [mine, theirs] = ["a".repeat(64), "b".repeat(64)];
    const names = [
      `slipway0-${mine}-eth0`,
      `cni-loopback-${mine}-lo`,
      `podman-${theirs}-eth0`,
      `cni-loopback-${theirs}-lo`,
    ];
    expect(networkResults(names, "slipway0")).toEqual(names.slice(0, 2));
  });

  const chain = (changes: object = {}) => ({
    chain: { name: "FORWARD", hook: "forward", policy: "accept", ...changes },
  });

  test.each([
    ["only chains that let everything pass", [chain()], true],
    ["a rule", [chain(), { rule: { chain: "FORWARD" } }], false],
    ["a set", [{ set: { name: "blocked" } }], false],
    ["a chain that drops", [chain({ policy: "drop" })], false],
    ["somebody's own chain", [{ chain: { name: "DOCKER-USER" } }], false],
  ] as const)("a table with %s counts as empty: %j", (_, items, empty) => {
    const json = JSON.stringify({ nftables: [{ metainfo: {} }, { table: { name: "filter" } }, ...items] });
    expect(isEmptyTable(json)).toBe(empty);
  });
});

test("the warning about policies counts them and names the kernel only where it is at fault", () => {
  expect(policyWarning(3, false)).toMatch(/^3 NetworkPolicies are declared but not enforced here.*kernel/);
  expect(policyWarning(3, true)).not.toContain("kernel");
});
