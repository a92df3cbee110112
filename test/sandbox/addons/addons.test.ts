import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubernetesObject, V1ClusterRole, V1Deployment, V1Service } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import {
  gatewayApiFiles,
  kindAddons,
  NODE_ADDONS,
  nodeAddons,
  parseObjects,
} from "../../../sandbox/addons/addons.ts";
import { deploymentState } from "../../../sandbox/addons/apply.ts";
import { corefile, upstreams } from "../../../sandbox/addons/coredns.ts";
import { CLUSTER } from "../../../sandbox/addresses.ts";
import { PORTS } from "../../../sandbox/ports.ts";

const images = Object.fromEntries(
  ["coredns", "kube-state-metrics", "traefik"].map((name) => [
    name,
    `slipway.local/${name}@sha256:${"a".repeat(64)}`,
  ]),
);
const node = nodeAddons(images, []).objects;
const kind = kindAddons(images).objects;

function ofKind<T extends KubernetesObject>(objects: readonly KubernetesObject[], wanted: string): T[] {
  return objects.filter((object) => object.kind === wanted) as T[];
}

const deployments = ofKind<V1Deployment>(node, "Deployment");

describe.each(deployments.map((object) => [object.metadata?.name ?? "", object] as const))(
  "%s",
  (_, object) => {
    const pod = object.spec?.template.spec;

    test("meets what Pod Security asks of restricted pods, host ports aside", () => {
      expect(pod?.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
      for (const { securityContext } of pod?.containers ?? []) {
        expect(securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
      }
      expect(pod).not.toHaveProperty("hostNetwork");
      for (const volume of pod?.volumes ?? []) expect(volume).not.toHaveProperty("hostPath");
    });

    test("runs an image by digest that is never pulled, with limits and both probes", () => {
      for (const container of pod?.containers ?? []) {
        expect(container.image).toMatch(/@sha256:/);
        expect(container.imagePullPolicy).toBe("IfNotPresent");
        expect(container.resources?.requests).toMatchObject({
          cpu: expect.any(String),
          memory: expect.any(String),
        });
        expect(container.resources?.limits?.memory).toBeDefined();
        expect(container.readinessProbe?.httpGet).toBeDefined();
        expect(container.livenessProbe?.httpGet).toBeDefined();
      }
    });

    test("is selected by its Service, whose target ports exist", () => {
      const service = ofKind<V1Service>(node, "Service").find(
        ({ metadata }) => metadata?.name === object.metadata?.name,
      );
      expect(object.spec?.template.metadata?.labels).toMatchObject(service?.spec?.selector ?? { none: "" });
      const ports = pod?.containers.flatMap((container) => container.ports ?? []) ?? [];
      for (const { targetPort, protocol } of service?.spec?.ports ?? []) {
        const exists = ports.some(
          (port) =>
            (port.name === targetPort || port.containerPort === targetPort) && port.protocol === protocol,
        );
        expect(exists, String(targetPort)).toBe(true);
      }
    });
  },
);

test("every add-on of the list is a Deployment of that name", () => {
  expect(deployments.map(({ metadata }) => metadata?.name)).toEqual(NODE_ADDONS.map(({ name }) => name));
});

test("an object's namespace and account come before the pods that need them", () => {
  for (const [index, object] of node.entries()) {
    if (object.kind !== "Deployment") continue;
    const before = node.slice(0, index);
    expect(ofKind(before, "ServiceAccount").map(({ metadata }) => metadata?.name)).toContain(
      object.metadata?.name,
    );
    const namespaces = ["kube-system", ...ofKind(before, "Namespace").map(({ metadata }) => metadata?.name)];
    expect(namespaces).toContain(object.metadata?.namespace);
  }
});

test("no role may change anything but the status of gateways and routes", () => {
  const rules = ofKind<V1ClusterRole>(node, "ClusterRole").flatMap((role) => role.rules ?? []);
  const writing = rules.filter(({ verbs }) => verbs.some((verb) => !["get", "list", "watch"].includes(verb)));
  expect(writing).toHaveLength(1);
  expect(writing[0]?.verbs).toEqual(["update"]);
  expect(writing[0]?.resources?.every((resource) => resource.endsWith("/status"))).toBe(true);
  expect(rules.flatMap(({ resources = [], verbs }) => [...resources, ...verbs])).not.toContain("*");
});

test("kube-state-metrics may list exactly what it reports on", () => {
  const role = ofKind<V1ClusterRole>(node, "ClusterRole").find(({ metadata }) =>
    metadata?.name?.endsWith("state-metrics"),
  );
  const allowed = role?.rules?.flatMap(({ resources = [] }) => resources).sort();
  const { args = [] } = deployments[1]?.spec?.template.spec?.containers[0] ?? {};
  expect(args.find((text) => text.startsWith("--resources="))).toBe(`--resources=${allowed?.join(",")}`);
});

describe("the gateway", () => {
  const webPort = (objects: readonly KubernetesObject[]) =>
    ofKind<V1Deployment>(objects, "Deployment")
      .at(-1)
      ?.spec?.template.spec?.containers[0]?.ports?.find(({ name }) => name === "web");

  test("opens its port on loopback of this machine", () => {
    expect(webPort(node)).toMatchObject({
      containerPort: 8_000,
      hostPort: PORTS.gateway,
      hostIP: "127.0.0.1",
    });
  });

  test("opens it on all addresses of kind's node, which kind publishes on loopback", () => {
    expect(webPort(kind)).not.toHaveProperty("hostIP");
    expect(webPort(kind)).toMatchObject({ hostPort: PORTS.gateway });
  });

  test("stops before it starts anew: the port exists once", () => {
    expect(deployments.at(-1)?.spec?.strategy).toEqual({ type: "Recreate" });
  });
});

test("kind brings its own DNS", () => {
  expect(kind.map(({ metadata }) => metadata?.name)).not.toContain("coredns");
});

test("a missing image is a fault of the program, not of the user", () => {
  expect(() => nodeAddons({}, [])).toThrow('no image "coredns"');
});

describe("DNS", () => {
  test("upstreams are what a pod can reach", () => {
    const text = `# comment
nameserver 127.0.0.53
nameserver 192.0.2.1
  nameserver 2001:db8::1
nameserver ::1
nameserver fe80::1%eth0
search example.org
options ndots:5
`;
    expect(upstreams(text)).toEqual(["192.0.2.1", "2001:db8::1"]);
    expect(upstreams("")).toEqual([]);
  });

  test("names outside of the cluster are forwarded, or do not exist", () => {
    expect(corefile(["192.0.2.1", "192.0.2.2"])).toContain("forward . 192.0.2.1 192.0.2.2\n");
    const alone = corefile([]);
    expect(alone).toContain("rcode NXDOMAIN");
    expect(alone).not.toContain("forward");
    // In one block with `kubernetes`, the template would answer first.
    expect(alone.indexOf("kubernetes cluster.local")).toBeLessThan(alone.indexOf("}\n.:1053 {"));
  });

  test("its Service has the address that the kubelet tells pods", () => {
    const [service] = ofKind<V1Service>(node, "Service");
    expect(service?.spec?.clusterIP).toBe(CLUSTER.dnsAddress);
  });
});

describe("the Gateway API's definitions", () => {
  test("are the files of a folder, in order", async () => {
    const folder = await mkdtemp(join(tmpdir(), "slipway-crds-"));
    await writeFile(join(folder, "b.yaml"), "kind: B\n---\nkind: C\n");
    await writeFile(join(folder, "a.yaml"), "# only a comment\n---\nkind: A\n");
    await writeFile(join(folder, "README.md"), "no");
    expect(parseObjects(gatewayApiFiles(folder)).map((object) => object.kind)).toEqual(["A", "B", "C"]);
    await rm(folder, { recursive: true });
  });

  test("that are missing are asked of the toolchain", () => {
    expect(() => gatewayApiFiles("/no/such/folder")).toThrow(/are missing[\s\S]*toolchain/);
  });
});

describe("an add-on is ready", () => {
  const state = (generation: number, seen: number, replicas: number, updated: number, ready: number) =>
    deploymentState({
      metadata: { generation },
      spec: { replicas, selector: {}, template: {} },
      status: { observedGeneration: seen, updatedReplicas: updated, readyReplicas: ready },
    });

  test("when all its pods are of the newest declaration and ready", () => {
    expect(state(2, 2, 1, 1, 1)).toEqual({ readyPods: 1, wantedPods: 1, ready: true });
  });

  test.each([
    ["the controller has not seen the change", state(2, 1, 1, 1, 1)],
    ["an old pod is still the ready one", state(2, 2, 1, 0, 1)],
    ["its pod is not ready", state(2, 2, 1, 1, 0)],
    ["it wants no pods", state(2, 2, 0, 0, 0)],
    ["it does not exist", deploymentState(undefined)],
  ])("but not when %s", (_, { ready }) => expect(ready).toBe(false));
});
