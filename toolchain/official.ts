import { chmod, copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { extract } from "tar";
import type { Paths } from "../machine/paths.ts";
import { run } from "../machine/run.ts";
import type { StepContext } from "../machine/steps.ts";
import { fetchVerified, UnreachableError } from "./download.ts";
import type { Download, Tool } from "./tools.ts";

/** How long the engine may take for one plugin before the download counts as dead, in milliseconds. */
const PLUGIN_TIMEOUT_MS = 180_000;

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;

/** Fetches one verified release file and puts its executables below the staging folder; returns their paths. */
export async function download(
  what: Download,
  staging: string,
  { report, signal }: StepContext,
): Promise<string[]> {
  const name = basename(new URL(what.url).pathname);
  const file = join(staging, "download", name);
  const onProgress = (bytes: number, total?: number) =>
    report(`downloading ${name}: ${megabytes(bytes)}${total === undefined ? "" : ` of ${megabytes(total)}`}`);
  await fetchVerified(what.url, what.checksums, file, { signal, onProgress });
  const unpacked = await mkdtemp(join(staging, "unpacked-"));
  const isArchive = !("" in what.files);
  if (isArchive) await extract({ file, cwd: unpacked }, Object.keys(what.files));
  for (const [inside, target] of Object.entries(what.files)) {
    await mkdir(dirname(join(staging, target)), { recursive: true });
    await copyFile(isArchive ? join(unpacked, inside) : file, join(staging, target));
    await chmod(join(staging, target), 0o755);
  }
  return Object.values(what.files);
}

/** Lets the engine fetch a provider into a Pulumi home below the staging folder; returns the executable's path. */
export async function installPlugin(
  plugin: string,
  tool: Tool,
  paths: Paths,
  staging: string,
  context: StepContext,
): Promise<string[]> {
  const home = join(staging, "pulumi");
  context.report(`pulumi plugin install resource ${plugin} ${tool.version}`);
  const ran = await run(
    join(paths.bin, "pulumi"),
    ["plugin", "install", "resource", plugin, tool.version, "--non-interactive"],
    {
      env: { PULUMI_HOME: home, PULUMI_SKIP_UPDATE_CHECK: "true" },
      timeout: PLUGIN_TIMEOUT_MS,
      cancelSignal: context.signal,
      allowFailure: true,
      onLine: (line) => context.report(line.trim()),
    },
  );
  const output = `pulumi/plugins/resource-${plugin}-v${tool.version}/pulumi-resource-${plugin}`;
  if (ran.exitCode === 0) return [output];
  await rm(home, { recursive: true, force: true });
  throw new UnreachableError(
    `pulumi plugin install ${plugin} ${tool.version}: ${ran.stderr.trim().split("\n").at(-1)}`,
  );
}
