import { describe, expect, test } from "vitest";
import { CLUSTER } from "../../../sandbox/addresses.ts";
import { layout } from "../../../sandbox/layout.ts";
import { COMPONENTS, componentCommands, flags } from "../../../sandbox/node/components.ts";
import { cniConfig, containerdConfig } from "../../../sandbox/node/containerd.ts";
import { kubeletConfig, kubeProxyConfig } from "../../../sandbox/node/kubelet.ts";

const place = layout("/home/u/.cache/slipway/sandbox");
const commands = componentCommands(place);
const flag = (name: keyof typeof commands, wanted: string) =>
  commands[name].args.find((text) => text.startsWith(`--${wanted}=`))?.slice(wanted.length + 3);

test("flags are written with an equals sign", () => {
  expect(flags({ a: 1, "b-c": true, d: "x y" })).toEqual(["--a=1", "--b-c=true", "--d=x y"]);
});

test("every component has a command that names a path of the sandbox, by which its process is known", () => {
  expect(Object.keys(commands)).toEqual([...COMPONENTS]);
  for (const name of COMPONENTS) {
    expect(
      commands[name].args.some((text) => text.includes(`${place.root}/`)),
      name,
    ).toBe(true);
  }
});

test("every file that a component is given to read is watched for changes", () => {
  for (const { name, args, reads } of Object.values(commands)) {
    const files = args
      .map((text) => text.split("=")[1] ?? "")
      .filter((path) => /\.(crt|key|json|toml|kubeconfig)$/.test(path));
    const shared = files.filter(
      (path) => path.endsWith("ca.crt") && name !== "kube-apiserver" && name !== "etcd",
    );
    expect(
      files.filter((path) => !reads.includes(path) && !shared.includes(path)),
      name,
    ).toEqual([]);
  }
});

describe("the API server", () => {
  test("answers nobody without credentials, and authorises by Node and RBAC", () => {
    expect(flag("kube-apiserver", "anonymous-auth")).toBe("false");
    expect(flag("kube-apiserver", "authorization-mode")).toBe("Node,RBAC");
    expect(flag("kube-apiserver", "enable-admission-plugins")).toContain("NodeRestriction");
    expect(commands["kube-apiserver"].args.join(" ")).not.toContain("token-auth");
  });

  test("listens on the node's own address only", () => {
    expect(flag("kube-apiserver", "bind-address")).toBe(CLUSTER.nodeAddress);
  });

  test("verifies the kubelet, and speaks TLS with etcd", () => {
    expect(flag("kube-apiserver", "kubelet-certificate-authority")).toBe(`${place.pki}/ca.crt`);
    expect(flag("kube-apiserver", "etcd-servers")).toMatch(/^https:/);
    expect(flag("kube-apiserver", "encryption-provider-config")).toBe(`${place.pki}/encryption.json`);
  });
});

test("etcd takes clients and peers with certificates only, on loopback", () => {
  expect(flag("etcd", "client-cert-auth")).toBe("true");
  expect(flag("etcd", "peer-client-cert-auth")).toBe("true");
  for (const name of ["listen-client-urls", "listen-peer-urls"]) {
    expect(flag("etcd", name)).toMatch(/^https:\/\/127\.0\.0\.1:/);
  }
});

test("control loops run under an account each", () => {
  expect(flag("kube-controller-manager", "use-service-account-credentials")).toBe("true");
});

describe("the kubelet", () => {
  const config = JSON.parse(kubeletConfig(place, "/run/resolv.conf"));

  test("asks the API server who may do what, and knows nobody else", () => {
    expect(config.authentication).toMatchObject({
      anonymous: { enabled: false },
      webhook: { enabled: true },
    });
    expect(config.authorization).toEqual({ mode: "Webhook" });
    expect(config.readOnlyPort).toBe(0);
  });

  test("shares nothing with another kubelet of the machine", () => {
    expect(config.cgroupRoot).toBe("/slipway");
    expect(config.podLogsDir).toBe(place.podLogs);
    expect(config.containerRuntimeEndpoint).toBe(`unix://${place.containerd.socket}`);
    expect(config.makeIPTablesUtilChains).toBe(false);
    expect(flag("kubelet", "root-dir")).toBe(place.kubelet);
  });

  test("never deletes an image: none could be pulled again", () => {
    expect(config.imageGCHighThresholdPercent).toBe(100);
  });

  test("hands pods the given name servers and the cluster's DNS", () => {
    expect(config.resolvConf).toBe("/run/resolv.conf");
    expect(config.clusterDNS).toEqual([CLUSTER.dnsAddress]);
  });
});

test("kube-proxy leaves the machine's connection tracking limits as they are", () => {
  const { conntrack, mode } = JSON.parse(kubeProxyConfig("/k"));
  expect(mode).toBe("nftables");
  expect(Object.values(conntrack).map((value) => Number.parseInt(String(value), 10))).toEqual([0, 0, 0, 0]);
});

describe("containerd", () => {
  const text = containerdConfig(place, "slipway.local/pause:1");

  test("keeps everything below the sandbox's folder", () => {
    const values = [...text.matchAll(/^\s*(?:root|state|address|path|conf_dir|Root) = "([^"]+)"$/gm)].map(
      ([, path]) => path,
    );
    expect(values).toHaveLength(6);
    for (const path of values) expect(path).toMatch(/^\/home\/u\/\.cache\/slipway\/sandbox\//);
  });

  test("writes paths with quotes so that they stay one value", () => {
    expect(containerdConfig(layout('/a "b"'), "p")).toContain('root = "/a \\"b\\"/containerd/root"');
  });
});

test("pods get addresses of the pod range, with the node as gateway", () => {
  const { name, plugins } = JSON.parse(cniConfig(place));
  expect(name).toBe("slipway0");
  expect(plugins[0].ipam.ranges).toEqual([[{ subnet: CLUSTER.podRange, gateway: CLUSTER.nodeAddress }]]);
  expect(plugins[0].ipam.dataDir).toBe(place.cni.addresses);
  expect(plugins[1]).toMatchObject({ type: "portmap" });
});
