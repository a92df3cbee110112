import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Paths, paths as userPaths } from "../../machine/paths.ts";
import type { StepContext } from "../../machine/steps.ts";
import { build } from "../../toolchain/build.ts";
import { findGo, installGo } from "../../toolchain/go.ts";
import type { Build } from "../../toolchain/tools.ts";

const VERSION = "1.8.3";
const MODULE = "github.com/argoproj/argo-rollouts";

/** Where the controller and its CRDs are, once they were built. */
export function argoPlace(paths: Paths = userPaths()) {
  const folder = join(paths.root, "bench", `argo-rollouts-${VERSION}`);
  return { folder, controller: join(folder, "controller"), crds: join(folder, "crds") };
}

const BUILDS: readonly Build[] = [
  {
    kind: "go",
    module: "argo-rollouts",
    package: `${MODULE}/cmd/rollouts-controller`,
    output: "controller",
    seconds: 360,
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

/** Builds the controller of Argo Rollouts from its Go module: minutes of processor time, so only when asked for. */
export async function buildArgo(context: StepContext, paths: Paths = userPaths()): Promise<void> {
  const { folder } = argoPlace(paths);
  await mkdir(join(paths.root, "bench"), { recursive: true });
  const staging = await mkdtemp(`${folder}-`);
  try {
    const go = (await findGo(paths)) ?? (await installGo(paths, context));
    const shop = { paths, modules: import.meta.dirname, go, staging, version: VERSION };
    for (const what of BUILDS) await build(what, shop, context);
    await rm(join(staging, "source"), { recursive: true });
    await rm(folder, { recursive: true, force: true });
    await rename(staging, folder);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
