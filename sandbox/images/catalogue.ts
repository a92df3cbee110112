import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { NONROOT } from "../../infra/lib/hardening.ts";
import { paths } from "../../machine/paths.ts";
import { TOOLS } from "../../toolchain/tools.ts";
import type { Layer, LayerEntry } from "./layer.ts";
import { sharedLibraries } from "./libraries.ts";
import { type ImageSpec, REGISTRY } from "./oci.ts";

/**
 * Releases of the demo service that the sandbox knows from the start: tag -> the environment that the image itself sets.
 * The bad ones fail as `sandbox/demo/faults.ts` says, each in a way of its own.
 */
export const DEMO_RELEASES = {
  r1: {},
  r2: {},
  r3: {},
  "bad-errors": { FAULT_ERROR_RATE: "0.3" },
  "bad-latency": { FAULT_LATENCY_MS: "400" },
  "bad-health": { FAULT_HEALTH: "failing" },
  "bad-crash": { FAULT_CRASH: "true" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Tag of one of the demo service's images. */
export type DemoRelease = keyof typeof DEMO_RELEASES;

/** Tags of those that never fail. */
export const GOOD_RELEASES = ["r1", "r2", "r3"] as const satisfies readonly DemoRelease[];

const PAUSE = { name: "pause", tag: "1" } as const;
/** The pause image's name in containerd's config. */
export const PAUSE_IMAGE = `${REGISTRY}/${PAUSE.name}:${PAUSE.tag}`;

const DEMO_FOLDER = fileURLToPath(new URL("../demo", import.meta.url));
/** What the demo service and its migration import, directly and through others; all without native code. */
const DEMO_PACKAGES = ["prom-client", "@opentelemetry/api", "tdigest", "bintrees", "postgres"];
const CODE = /\.(js|cjs|mjs|json)$/;
const require = createRequire(import.meta.url);

/** Users and a folder for temporary files: what programs expect of any system. */
export const BASE: Layer = [
  {
    path: "etc/passwd",
    mode: 0o644,
    type: "text",
    text: `root:x:0:0:root:/:\nnonroot:x:${NONROOT}:${NONROOT}:nonroot:/:\n`,
  },
  { path: "etc/group", mode: 0o644, type: "text", text: `root:x:0:\nnonroot:x:${NONROOT}:\n` },
  { path: "etc/nsswitch.conf", mode: 0o644, type: "text", text: "hosts: files dns\n" },
  { path: "tmp", mode: 0o1777, type: "folder" },
];

/** Images of the add-ons: statically linked programs of the toolchain. The first program is started. */
const PROGRAM_IMAGES: readonly { readonly name: string; readonly programs: readonly string[] }[] = [
  { name: "coredns", programs: ["coredns"] },
  { name: "kube-state-metrics", programs: ["kube-state-metrics"] },
  { name: "traefik", programs: ["traefik"] },
  { name: "prometheus", programs: ["prometheus", "promtool"] },
];

/** Every image of the sandbox's own node. Reads no file's content. */
export async function imageSpecs(bin: string = paths().bin): Promise<ImageSpec[]> {
  return [pauseImage(), ...(await workloadImages(bin))];
}

/** The images that pods name, for any cluster. */
export async function workloadImages(bin: string = paths().bin): Promise<ImageSpec[]> {
  return [...PROGRAM_IMAGES.map((image) => programImage(image, bin)), ...(await demoImages())];
}

function pauseImage(): ImageSpec {
  return {
    ...PAUSE,
    layers: [[program("/bin/busybox", "bin/busybox")]],
    config: { entrypoint: ["/bin/busybox", "sleep", "2147483647"], user: `${NONROOT}:${NONROOT}` },
  };
}

function programImage({ name, programs }: (typeof PROGRAM_IMAGES)[number], bin: string): ImageSpec {
  return {
    name,
    tag: toolVersion(name),
    layers: [BASE, programs.map((file) => program(join(bin, file), `bin/${file}`))],
    config: {
      entrypoint: [`/bin/${programs[0]}`],
      user: `${NONROOT}:${NONROOT}`,
      environment: { PATH: "/bin" },
    },
  };
}

/** The image's tag is the version that the toolchain pins. */
function toolVersion(name: string): string {
  const tool = TOOLS.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(`the toolchain has no tool "${name}"`);
  return tool.version;
}

/** The demo service, one image per release; they differ in the last layer and the environment only. */
async function demoImages(): Promise<ImageSpec[]> {
  const runtime = await nodeRuntime();
  const service = demoFiles();
  return Object.entries(DEMO_RELEASES).map(([tag, faults]) => ({
    name: "demo",
    tag,
    layers: [BASE, runtime, service, [{ path: "app/release", mode: 0o644, type: "text", text: `${tag}\n` }]],
    config: {
      entrypoint: ["/bin/node", "/app/server.ts"],
      user: `${NONROOT}:${NONROOT}`,
      environment: { PATH: "/bin", NODE_ENV: "production", ...faults },
      workingFolder: "/app",
    },
  }));
}

/** The project's own Node with the shared libraries of this machine that it needs, at the same places. */
async function nodeRuntime(): Promise<Layer> {
  const node = join(dirname(require.resolve("node/package.json")), "bin", "node");
  const libraries = await sharedLibraries(node);
  return [program(node, "bin/node"), ...libraries.map((path) => program(path, path.slice(1)))];
}

function demoFiles(): Layer {
  const own = filesBelow(DEMO_FOLDER, /\.ts$/).map((from) =>
    file(from, `app/${relative(DEMO_FOLDER, from)}`),
  );
  const modules = DEMO_PACKAGES.flatMap((name) => {
    const root = packageFolder(name);
    return filesBelow(root, CODE).map((from) =>
      file(from, `app/node_modules/${name}/${relative(root, from)}`),
    );
  });
  return [
    { path: "app/package.json", mode: 0o644, type: "text", text: '{"type":"module"}\n' },
    ...own,
    ...modules,
  ];
}

/** An installed package's folder; not by `resolve(NAME/package.json)`, which packages may forbid. */
function packageFolder(name: string): string {
  const entry = require.resolve(name);
  return entry.slice(0, entry.lastIndexOf(`node_modules/${name}/`) + `node_modules/${name}`.length);
}

export function filesBelow(folder: string, pattern: RegExp): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

export function program(from: string, path: string): LayerEntry {
  return { path, mode: 0o755, type: "file", from };
}

export function file(from: string, path: string): LayerEntry {
  return { path, mode: 0o644, type: "file", from };
}
