import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { paths as userPaths } from "../../machine/paths.ts";
import { build } from "../../toolchain/build.ts";
import { findGo, installGo } from "../../toolchain/go.ts";
import type { Build } from "../../toolchain/tools.ts";
import type { BenchContext } from "../bench.ts";

const VERSION = "1.8.3";
const MODULE = "github.com/argoproj/argo-rollouts";

/** Where the controller and its CRDs are, once they were built. */
export function argoPlace() {
  const folder = join(userPaths().root, "bench", `argo-rollouts-${VERSION}`);
  return { folder, controller: join(folder, "controller"), crds: join(folder, "crds") };
}

const BUILDS: readonly Build[] = [
  {
    kind: "go",
    module: "argo-rollouts",
    package: `${MODULE}/cmd/rollouts-controller`,
    output: "controller",
    seconds: 220,
  },
  {
    kind: "files",
    module: "argo-rollouts",
    from: MODULE,
    folder: "manifests/crds",
    output: "crds",
    seconds: 1,
  },
];

/**
 * Builds the controller of Argo Rollouts from its Go module, once.
 * @returns why that is not possible; undefined when it is there.
 */
export async function installArgo(context: BenchContext): Promise<string | undefined> {
  const { folder } = argoPlace();
  if (existsSync(folder)) return undefined;
  context.report(`builds the controller of Argo Rollouts ${VERSION}, once: about 4 min of both cores`);
  await mkdir(join(folder, ".."), { recursive: true });
  const staging = await mkdtemp(`${folder}-`);
  try {
    await buildArgo(staging, { ...context, report: () => {} });
    await rename(join(staging, "built"), folder);
    return undefined;
  } catch (error) {
    context.signal.throwIfAborted();
    return `not there: ${(error as Error).message.split("\n")[0]}`;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** With caches of its own, which go with the folder: they are larger than everything else. */
async function buildArgo(folder: string, context: BenchContext): Promise<void> {
  const own = userPaths();
  const go = { ...own.go, modules: join(folder, "modules"), builds: join(folder, "builds") };
  const paths = { ...own, go };
  const staging = join(folder, "built");
  await mkdir(staging);
  const command = (await findGo(own)) ?? (await installGo(own, context));
  const shop = { paths, modules: import.meta.dirname, go: command, staging, version: VERSION };
  for (const what of BUILDS) await build(what, shop, context);
  await rm(join(staging, "source"), { recursive: true });
}
