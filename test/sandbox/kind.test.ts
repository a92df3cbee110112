import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { hasKindCluster, KIND, kindArguments, kindConfig } from "../../sandbox/kind.ts";
import { kindDown, kindSteps } from "../../sandbox/other-clusters.ts";
import { PORTS } from "../../sandbox/ports.ts";

test("the gateway's port of kind's node becomes the same port of this machine, on loopback", () => {
  expect(JSON.parse(kindConfig()).nodes).toEqual([
    {
      role: "control-plane",
      extraPortMappings: [
        {
          containerPort: PORTS.gateway,
          hostPort: PORTS.gateway,
          listenAddress: "127.0.0.1",
          protocol: "TCP",
        },
      ],
    },
  ]);
});

test("the user's own kubeconfig is never written to", () => {
  for (const args of [
    kindArguments.create("/k"),
    kindArguments.remove("/k"),
    kindArguments.exportKubeconfig("/k"),
  ]) {
    expect(args.slice(args.indexOf("--kubeconfig"))).toContain("/k");
    expect(args).toContain(KIND.name);
  }
});

test.each([
  ["slipway-sandbox\n", true],
  ["kind\nslipway-sandbox\nother\n", true],
  ["slipway-sandbox-2\n", false],
  ["No kind clusters found.\n", false],
])("kind's list %j", (listed, expected) => expect(hasKindCluster(listed)).toBe(expected));

describe("with a stand-in for kind", () => {
  let folder: string;
  const context = { report: () => {}, signal: new AbortController().signal };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "slipway-kind-"));
    vi.stubEnv("SLIPWAY_HOME", folder);
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  async function standIn(script: string) {
    await writeFile(join(folder, "kind"), `#!/bin/sh\necho "$@" >> ${folder}/calls\n${script}\n`);
    await chmod(join(folder, "kind"), 0o755);
    vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
    return async () => (await readFile(join(folder, "calls"), "utf8")).trim().split("\n");
  }

  test("the cluster is made from the config on its input, and a failure shows kind's words", async () => {
    const calls = await standIn(
      `case "$1" in create) cat > ${folder}/config; echo "ERROR: docker is not running" >&2; exit 1;; esac`,
    );
    const [step] = kindSteps("slipway start --kind");
    await expect(step?.run(context)).rejects.toThrow(/docker is not running[\s\S]*-> mend what kind says/);
    expect(await calls()).toEqual([
      "get clusters",
      `create cluster --name slipway-sandbox --config - --kubeconfig ${folder}/sandbox/kubeconfig --wait 180s`,
    ]);
    expect(await readFile(join(folder, "config"), "utf8")).toBe(kindConfig());
  });

  test("down removes the cluster that is there", async () => {
    const calls = await standIn('[ "$1" = get ] && echo slipway-sandbox; exit 0');
    expect(await kindDown("slipway sandbox down --kind", context)).toBe(
      "removed the cluster slipway-sandbox",
    );
    expect((await calls())[1]).toBe(
      `delete cluster --name slipway-sandbox --kubeconfig ${folder}/sandbox/kubeconfig`,
    );
  });

  test("down with none there removes nothing", async () => {
    const calls = await standIn("exit 0");
    expect(await kindDown("slipway sandbox down --kind", context)).toBe("there was nothing to remove");
    expect(await calls()).toEqual(["get clusters"]);
  });

  test("without kind, the message says where to get it and what else there is", async () => {
    vi.stubEnv("PATH", "/nowhere");
    await expect(kindDown("x", context)).rejects.toThrow(/kind is not on the PATH[\s\S]*--context NAME/);
  });
});
