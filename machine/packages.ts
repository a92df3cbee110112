import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { UserError } from "../infra/lib/errors.ts";
import { run } from "./run.ts";
import type { StepContext } from "./steps.ts";

/** A Debian package that something of ours needs. */
export interface DebianPackage {
  readonly name: string;
  /** Commands (found on the PATH) and absolute paths that show that it, or an equal of another origin, is there. */
  readonly provides: readonly string[];
  /** Why it is needed, for the question before the installation. */
  readonly purpose: string;
}

const APT_LISTS = "/var/lib/apt/lists";
const PATH_OF_ROOT = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Where a command is, looking also into the folders that only root's PATH has; undefined when nowhere. */
export function findCommand(name: string, path = process.env.PATH ?? ""): string | undefined {
  return [...path.split(delimiter), ...PATH_OF_ROOT]
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}

/** The packages of the list that have to be installed. */
export function missingPackages(wanted: readonly DebianPackage[]): DebianPackage[] {
  const there = (what: string) => (what.startsWith("/") ? existsSync(what) : findCommand(what) !== undefined);
  return wanted.filter(({ provides }) => !provides.every(there));
}

/**
 * Installs Debian packages without questions. Reads the package lists first where there are none, and once more where
 * they are too old to install from. Must run as root.
 */
export async function installPackages(wanted: readonly DebianPackage[], context: StepContext): Promise<void> {
  if (wanted.length === 0) return;
  const names = wanted.map(({ name }) => name);
  if (findCommand("apt-get") === undefined) {
    throw new UserError({
      what: "apt-get is missing: this is not Debian or a relative of it",
      remedy: `install with this system's own package manager what these Debian packages hold: ${names.join(" ")}`,
    });
  }
  if (!hasPackageLists()) await aptGet(["update"], context);
  const install = ["install", "--yes", "--no-install-recommends", ...names];
  try {
    await aptGet(install, context);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    await aptGet(["update"], context);
    await aptGet(install, context);
  }
}

function hasPackageLists(): boolean {
  return existsSync(APT_LISTS) && readdirSync(APT_LISTS).some((file) => file.includes("_Packages"));
}

async function aptGet(args: readonly string[], { report, signal }: StepContext): Promise<void> {
  await run("apt-get", ["-o", "DPkg::Lock::Timeout=120", ...args], {
    env: { DEBIAN_FRONTEND: "noninteractive" },
    cancelSignal: signal,
    onLine: (line) => report(line),
    remedy:
      "mend what apt-get says above (network, disk, another package manager at work), then run this again",
  });
}
