import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { paths } from "../../machine/paths.ts";
import { run } from "../../machine/run.ts";
import { type InstallOptions, inspect, toolchainSteps } from "../../toolchain/install.ts";
import type { Tool } from "../../toolchain/tools.ts";
import { StandIn } from "./stand-in.ts";

const SCRIPT = "#!/bin/sh\necho downloaded\n";
const GREETER = 'package main\n\nfunc main() { println("built") }\n';
const sum = (text: string) => createHash("sha256").update(text).digest("hex");

/** A tool as small as can be: a script to download, or a Go program of one line to build. */
const tool: Tool = {
  name: "greeter",
  version: "1.0.0",
  official: [
    {
      url: "https://dl.example/greeter",
      checksums: "https://dl.example/greeter.sha256",
      files: { "": "bin/greeter" },
    },
  ],
  builds: [
    { kind: "go", module: "greeter", package: ".", output: "bin/greeter", alsoAs: ["bin/hello"], seconds: 5 },
  ],
};

const CLEAN = "remove build caches";

/** Go's own packages are compiled once for all tests, so each test's own clean-up is left out. */
let compiled: string;
let home: string;
let options: InstallOptions;
let standIn: StandIn | undefined;

beforeAll(async () => {
  compiled = await mkdtemp(join(tmpdir(), "slipway-go-"));
});

afterAll(() => rm(compiled, { recursive: true, force: true }));

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "slipway-install-"));
  const modules = join(home, "modules");
  await mkdir(join(modules, "greeter"), { recursive: true });
  await writeFile(join(modules, "greeter", "go.mod"), "module greeter\n\ngo 1.24\n");
  await writeFile(join(modules, "greeter", "main.go"), GREETER);
  const own = paths({ SLIPWAY_HOME: join(home, "root") });
  options = { paths: { ...own, go: { ...own.go, builds: compiled } }, tools: [tool], modules };
  vi.stubEnv("SLIPWAY_DOWNLOAD_MIRROR", "http://127.0.0.1:1");
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await standIn?.stop();
  standIn = undefined;
  await rm(home, { recursive: true, force: true });
});

async function publish(script: string, checksum: string) {
  standIn = await StandIn.start({ "/dl.example/greeter": script, "/dl.example/greeter.sha256": checksum });
  vi.stubEnv("SLIPWAY_DOWNLOAD_MIRROR", standIn.url);
}

async function install(signal = new AbortController().signal) {
  const notes: Record<string, string | undefined> = {};
  const statuses: string[] = [];
  for (const step of (await toolchainSteps(options)).filter(({ title }) => title !== CLEAN)) {
    notes[step.title] = await step.run({ signal, report: (status) => statuses.push(status) });
  }
  return { notes, statuses };
}

const greeting = async (name = "greeter") => {
  const { stdout, stderr } = await run(join(options.paths.bin, name), []);
  return stdout + stderr;
};

it("takes the publisher's download where it can be reached, and only once", async () => {
  await publish(SCRIPT, sum(SCRIPT));
  const { notes } = await install();
  expect(notes["greeter 1.0.0"]).toMatch(/^downloaded in /);
  expect(await greeting()).toBe("downloaded");
  expect(await toolchainSteps(options)).toEqual([]);
});

/** The first build compiles Go's standard library. */
const FIRST_BUILD_MS = 180_000;

it(
  "builds from the Go module where the publisher cannot be reached",
  async () => {
    const { notes, statuses } = await install();
    expect(notes["greeter 1.0.0"]).toMatch(/^built in /);
    expect(await greeting()).toBe("built");
    expect(await greeting("hello")).toBe("built");
    expect(statuses.some((status) => /^compiling, package \d+: .* \(about .* left\)$/.test(status))).toBe(
      true,
    );
    expect(await toolchainSteps(options)).toEqual([]);
  },
  FIRST_BUILD_MS,
);

it("builds from the Go module where the publisher's server accepts the connection and says nothing", async () => {
  standIn = await StandIn.start({ "/": () => {}, "/dl.example/": () => {}, "/dl.example/greeter": () => {} });
  vi.stubEnv("SLIPWAY_DOWNLOAD_MIRROR", standIn.url);
  const { notes } = await install();
  expect(notes["greeter 1.0.0"]).toMatch(/^built in /);
});

it("builds from the Go module where the release is gone", async () => {
  standIn = await StandIn.start({});
  vi.stubEnv("SLIPWAY_DOWNLOAD_MIRROR", standIn.url);
  const { notes, statuses } = await install();
  expect(statuses.join("\n")).toMatch(/download failed .*HTTP 404.*building from Go modules/);
  expect(notes["greeter 1.0.0"]).toMatch(/^built in /);
});

it("stops at a wrong checksum, names the tool and installs nothing", async () => {
  await publish(SCRIPT, sum("something else"));
  await expect(install()).rejects.toThrow(/greeter 1\.0\.0: wrong checksum/);
  expect(await readdir(options.paths.root)).toEqual(["staging"]);
  expect(await readdir(join(options.paths.root, "staging"))).toEqual([]);
});

it("says which command failed, with its last lines and a remedy", async () => {
  await writeFile(
    join(home, "modules", "greeter", "main.go"),
    "package main\n\nfunc main() { undefined() }\n",
  );
  const error = await install().catch((caught: Error) => caught.message);
  expect(error).toMatch(/^go build .*greeter 1\.0\.0: exit code 1/);
  expect(error).toContain("undefined: undefined");
  expect(error).toMatch(/-> Check that the Go module proxy can be reached/);
  expect(existsSync(join(options.paths.bin, "greeter"))).toBe(false);
});

it("leaves nothing half-installed when it is interrupted, and goes on afterwards", async () => {
  const controller = new AbortController();
  const { paths: all } = options;
  const cold = { ...options, paths: { ...all, go: { ...all.go, builds: join(home, "cold") } } };
  const steps = await toolchainSteps(cold);
  const step = steps.find(({ title }) => title.startsWith("greeter"));
  const interrupted = step?.run({ signal: controller.signal, report: () => controller.abort() });
  await expect(interrupted).rejects.toThrow();
  expect(existsSync(join(options.paths.bin, "greeter"))).toBe(false);
  expect((await inspect(options))[0]?.installed).toBeUndefined();
  await install();
  expect(await greeting()).toBe("built");
});

it.each([
  ["its file was damaged", () => truncate(join(options.paths.bin, "greeter"), 10)],
  ["its file was removed", () => rm(join(options.paths.bin, "greeter"))],
  [
    "its sources changed",
    () => writeFile(join(home, "modules", "greeter", "main.go"), `${GREETER}\n// new\n`),
  ],
])("installs a tool again when %s", async (_why, spoil) => {
  await install();
  await spoil();
  expect((await inspect(options))[0]?.installed).toBeUndefined();
  await install();
  expect((await inspect(options))[0]?.installed).toBe("registries");
});

it("writes down what was installed and from where", async () => {
  await install();
  const receipt = await readFile(join(options.paths.root, "installed", "greeter.json"), "utf8");
  expect(JSON.parse(receipt)).toMatchObject({ version: "1.0.0", source: "registries" });
});

it("keeps no build caches", async () => {
  const builds = join(home, "caches");
  await mkdir(builds);
  const steps = await toolchainSteps({
    ...options,
    paths: { ...options.paths, go: { ...options.paths.go, builds } },
  });
  const clean = steps.at(-1);
  expect(clean?.title).toBe(CLEAN);
  await clean?.run({ signal: new AbortController().signal, report: () => {} });
  expect(existsSync(builds)).toBe(false);
});
