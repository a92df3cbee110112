import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "tar";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { paths } from "../../machine/paths.ts";
import { toolchainSteps } from "../../toolchain/install.ts";
import type { Tool } from "../../toolchain/tools.ts";
import { StandIn } from "../toolchain/stand-in.ts";

const PROVIDER = "#!/bin/sh\necho a provider\n";
const FILE = "pulumi/plugins/resource-command-v9.9.9/pulumi-resource-command";
/** A version that is nowhere, of a name that the engine knows without asking its registry. */
const tool: Tool = {
  name: "command provider",
  version: "9.9.9",
  official: { pulumiPlugin: "command" },
  builds: [{ kind: "go", module: "greeter", package: ".", output: FILE, seconds: 5 }],
};

let home: string;
let standIn: StandIn;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "slipway-plugin-"));
  await mkdir(join(home, "modules", "greeter"), { recursive: true });
  await writeFile(join(home, "modules", "greeter", "go.mod"), "module greeter\n\ngo 1.24\n");
  await writeFile(join(home, "modules", "greeter", "main.go"), "package main\n\nfunc main() {}\n");
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await standIn.stop();
  await rm(home, { recursive: true });
});

async function install(archive: Buffer) {
  standIn = await StandIn.start({ "/pulumi-resource-command-v9.9.9-linux-amd64.tar.gz": archive });
  vi.stubEnv("PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES", `^.*$=${standIn.url}`);
  const own = { ...paths({ SLIPWAY_HOME: home }), bin: paths().bin };
  const steps = await toolchainSteps({ paths: own, tools: [tool], modules: join(home, "modules") });
  const step = steps.find(({ title }) => title === "command provider 9.9.9");
  const statuses: string[] = [];
  const note = await step?.run({
    report: (status) => statuses.push(status),
    signal: new AbortController().signal,
  });
  return { note, statuses: statuses.join("\n") };
}

it("lets the real engine fetch a provider from its download server", async () => {
  const source = join(home, "pulumi-resource-command");
  await writeFile(source, PROVIDER, { mode: 0o755 });
  const archive = join(home, "greeter.tar.gz");
  await create({ gzip: true, file: archive, cwd: home }, ["pulumi-resource-command"]);
  const { note, statuses } = await install(await readFile(archive));
  expect(note, statuses).toMatch(/^downloaded in /);
  expect(await readFile(join(home, FILE), "utf8")).toBe(PROVIDER);
});

it("builds the provider when what it gets is no archive", async () => {
  const { note, statuses } = await install(Buffer.from("not an archive"));
  expect(statuses).toContain("download failed");
  expect(note).toMatch(/^built in /);
});
