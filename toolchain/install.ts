import { cp, mkdir, rename, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../infra/lib/errors.ts";
import type { Paths } from "../machine/paths.ts";
import { requireResources } from "../machine/resources.ts";
import type { Step, StepContext } from "../machine/steps.ts";
import { build } from "./build.ts";
import { reachable, UnreachableError } from "./download.ts";
import { findGo, installGo } from "./go.ts";
import { download, installPlugin } from "./official.ts";
import { fingerprint, type Source, validReceipt, writeReceipt } from "./receipt.ts";
import { formatSeconds, TimeLeft } from "./time-left.ts";
import { type GoBuild, TOOLS, type Tool } from "./tools.ts";

/** Folder of this file: it holds one Go module per tool. */
const MODULES = import.meta.dirname;

/** Server that stands for "the internet" where the engine itself fetches a plugin. */
const PLUGIN_SERVER = "https://get.pulumi.com/";

/** Free disk for a build from empty caches, and memory for the largest link. */
const BUILD_NEEDS = { diskGiB: 18, memoryGiB: 4 };

/** Where the toolchain's parts are; tests use others. */
export interface InstallOptions {
  readonly paths: Paths;
  readonly tools?: readonly Tool[];
  readonly modules?: string;
}

/** One tool with what is known of it: is it there already? */
export interface ToolState {
  readonly tool: Tool;
  readonly fingerprint: string;
  /** Where the installed copy came from; undefined when it is missing or out of date. */
  readonly installed?: Source;
}

/** Which tools are there in the pinned version. Takes milliseconds: compares receipts, runs nothing. */
export async function inspect({
  paths,
  tools = TOOLS,
  modules = MODULES,
}: InstallOptions): Promise<ToolState[]> {
  return Promise.all(
    tools.map(async (tool) => {
      const wanted = await fingerprint(tool, modules);
      const receipt = await validReceipt(paths.root, tool, wanted);
      return { tool, fingerprint: wanted, ...(receipt === undefined ? {} : { installed: receipt.source }) };
    }),
  );
}

/** The steps that install what is missing, one per tool; empty when everything is there. */
export async function toolchainSteps(options: InstallOptions): Promise<Step[]> {
  const missing = (await inspect(options)).filter(({ installed }) => installed === undefined);
  if (missing.length === 0) return [];
  const timeLeft = new TimeLeft(missing.flatMap(({ tool }) => tool.builds));
  const steps = missing.map((state) => toolStep(state, options, timeLeft));
  return [checkStep(options), ...steps, cleanStep(options)];
}

function checkStep({ paths }: InstallOptions): Step {
  return {
    title: "free disk and memory",
    async run() {
      await requireResources(paths.root, BUILD_NEEDS);
      return undefined;
    },
  };
}

/** Build caches are larger than everything else together, and of no use once the executables are there. */
function cleanStep({ paths }: InstallOptions): Step {
  return {
    title: "remove build caches",
    async run() {
      await rm(paths.go.builds, { recursive: true, force: true });
      await rm(paths.go.modules, { recursive: true, force: true });
      return undefined;
    },
  };
}

function toolStep(state: ToolState, options: InstallOptions, timeLeft: TimeLeft): Step {
  const { tool } = state;
  return {
    title: `${tool.name} ${tool.version}`,
    async run(context) {
      const started = Date.now();
      const staging = join(options.paths.root, "staging", tool.name.replaceAll(" ", "-"));
      await rm(staging, { recursive: true, force: true });
      await mkdir(staging, { recursive: true });
      try {
        const { source, files } = await obtain(tool, staging, options, context, timeLeft);
        context.signal.throwIfAborted();
        await place(files, staging, options.paths.root);
        await link(tool, source, options.paths.root);
        const seconds = (Date.now() - started) / 1000;
        await writeReceipt(
          options.paths.root,
          tool,
          { fingerprint: state.fingerprint, source, seconds },
          files,
        );
        return `${source === "official" ? "downloaded" : "built"} in ${formatSeconds(seconds)}`;
      } finally {
        await rm(staging, { recursive: true, force: true });
      }
    },
  };
}

interface Obtained {
  readonly source: Source;
  readonly files: string[];
}

async function obtain(
  tool: Tool,
  staging: string,
  options: InstallOptions,
  context: StepContext,
  timeLeft: TimeLeft,
): Promise<Obtained> {
  try {
    const files = await fromOfficial(tool, staging, options, context);
    if (files !== undefined) return { source: "official", files };
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw named(tool, error);
    context.report(`download failed (${error.message}): building from Go modules`);
  }
  try {
    return { source: "registries", files: await fromModules(tool, staging, options, context, timeLeft) };
  } catch (error) {
    throw named(tool, error);
  }
}

async function fromOfficial(
  tool: Tool,
  staging: string,
  { paths }: InstallOptions,
  context: StepContext,
): Promise<string[] | undefined> {
  const { official } = tool;
  if (official === undefined) return undefined;
  if ("pulumiPlugin" in official) {
    if (process.env.PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES === undefined && !(await reachable(PLUGIN_SERVER)))
      return undefined;
    return installPlugin(official.pulumiPlugin, tool, paths, staging, context);
  }
  for (const { url } of official) if (!(await reachable(url))) return undefined;
  const files: string[] = [];
  for (const what of official) files.push(...(await download(what, staging, context)));
  return files;
}

async function fromModules(
  tool: Tool,
  staging: string,
  { paths, modules = MODULES }: InstallOptions,
  context: StepContext,
  timeLeft: TimeLeft,
): Promise<string[]> {
  const go = (await findGo(paths)) ?? (await installGo(paths, context));
  const shop = { paths, modules, go, staging, version: tool.version };
  const files: string[] = [];
  for (const what of tool.builds) {
    const timed = timeLeft.start(what, context);
    files.push(...(await build(what, shop, timed)));
    timeLeft.finish(what);
  }
  return files;
}

/** Moves finished files into the root folder, each in one step. */
async function place(files: readonly string[], staging: string, root: string): Promise<void> {
  for (const file of files) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await rm(join(root, file), { force: true });
    await rename(join(staging, file), join(root, file)).catch(async () => {
      await cp(join(staging, file), join(root, file));
    });
  }
}

/** Gives a multi-call executable its other names. */
async function link(tool: Tool, source: Source, root: string): Promise<void> {
  if (source === "official") return;
  for (const { output, alsoAs = [] } of tool.builds.filter((what): what is GoBuild => what.kind === "go")) {
    for (const name of alsoAs) {
      await rm(join(root, name), { force: true });
      await symlink(join(root, output), join(root, name));
    }
  }
}

/** Says which tool failed, on top of what the failing command says. */
function named(tool: Tool, error: unknown): unknown {
  if (!(error instanceof UserError)) return error;
  const faults = error.faults.map((fault) => ({
    ...fault,
    what: `${tool.name} ${tool.version}: ${fault.what}`,
  }));
  return new UserError(faults, { cause: error });
}
