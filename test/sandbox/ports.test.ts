import { describe, expect, test } from "vitest";
import type { Listener } from "../../machine/ports.ts";
import { layout } from "../../sandbox/layout.ts";
import { componentCommands } from "../../sandbox/node/components.ts";
import { kubeletConfig, kubeProxyConfig } from "../../sandbox/node/kubelet.ts";
import { PORT_ADDRESS, PORTS, portFaults } from "../../sandbox/ports.ts";

/** What a cluster of kubeadm, k3s or a developer's etcd takes. */
const DEFAULTS = [2_379, 2_380, 2_381, 6_443, 6_444, 10_248, 10_249, 10_250, 10_255, 10_256, 10_257, 10_259];
const NOBODY = new Set<number>();

test("every port has its own number, and none is a default", () => {
  const ports = Object.values(PORTS);
  expect(new Set(ports).size).toBe(ports.length);
  expect(ports.filter((port) => DEFAULTS.includes(port))).toEqual([]);
});

test("the components' command lines and config files name no port that is not in the table", () => {
  const place = layout("/s");
  const texts = [
    ...Object.values(componentCommands(place)).flatMap(({ args }) => args),
    kubeletConfig(place, "/etc/resolv.conf"),
    kubeProxyConfig("/k"),
  ];
  const named = texts.flatMap((text) =>
    [...text.matchAll(/(?::|port=|[pP]ort": )(\d{4,5})\b/g)].map(([, port]) => Number(port)),
  );
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((port) => !Object.values<number>(PORTS).includes(port))).toEqual([]);
});

describe("portFaults", () => {
  const listener = (port: number, address: string, pid?: number): Listener => ({
    address,
    port,
    ...(pid === undefined ? {} : { process: { name: "nginx", pid } }),
  });

  test("names the port, its use, the process and what to do", () => {
    expect(portFaults([listener(PORTS.gateway, "127.0.0.1", 42)], NOBODY)).toEqual([
      {
        what: "the sandbox needs this port (gateway), but nginx (pid 42) listens on it",
        where: "127.0.0.1:18080",
        remedy: "stop it: kill 42",
      },
    ]);
  });

  test("says how to find a process that it cannot see", () => {
    const [fault] = portFaults([listener(PORTS.etcdPeer, "0.0.0.0")], NOBODY);
    expect(fault?.what).toContain("an unknown process");
    expect(fault?.remedy).toBe("find it: ss -ltnp 'sport = :12380'");
  });

  test.each(["0.0.0.0", "*", "[::]", "127.0.0.1"])(
    "a listener on %s is in the way of one on loopback",
    (address) => {
      expect(portFaults([listener(PORTS.etcdClient, address, 1)], NOBODY)).toHaveLength(1);
    },
  );

  test("a listener on another address of this machine is not", () => {
    expect(portFaults([listener(PORTS.apiServer, "127.0.0.1", 1)], NOBODY)).toEqual([]);
    expect(portFaults([listener(PORTS.apiServer, PORT_ADDRESS.apiServer, 1)], NOBODY)).toHaveLength(1);
  });

  test("the sandbox is not in its own way", () => {
    expect(portFaults([listener(PORTS.etcdClient, "127.0.0.1", 7)], new Set([7]))).toEqual([]);
  });

  test("all ports in use are told at once", () => {
    const all = Object.values(PORTS).map((port) => listener(port, "0.0.0.0", 1));
    expect(portFaults(all, NOBODY)).toHaveLength(all.length);
  });
});
