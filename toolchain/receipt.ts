import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Build, Tool } from "./tools.ts";

/** Where an installed tool came from. */
export type Source = "official" | "registries";

/** What an installation leaves behind; written last, so a half-done installation has none. */
export interface Receipt {
  readonly version: string;
  /** Hash of all that decides what is built; see {@link fingerprint}. */
  readonly fingerprint: string;
  readonly source: Source;
  /** Wall time of the installation, in seconds. */
  readonly seconds: number;
  /** Installed files below the root folder, with their size in bytes. */
  readonly files: Readonly<Record<string, number>>;
}

const HASHED_FILES = /^(go\.(mod|sum)|.*\.go)$/;

/** SHA-256 over a tool's definition and the sources of the modules that it is built from. */
export async function fingerprint(tool: Tool, modulesFolder: string): Promise<string> {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([tool.name, tool.version, tool.builds.map(withoutTimes)]));
  for (const build of tool.builds) {
    if (build.kind === "wheel") continue;
    const folder = join(modulesFolder, build.module);
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile() && HASHED_FILES.test(entry.name) && !entry.name.endsWith("_test.go"))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    for (const file of files) hash.update(await readFile(file));
  }
  return hash.digest("hex");
}

function withoutTimes({ seconds: _, ...build }: Build): Omit<Build, "seconds"> {
  return build;
}

const receiptPath = (root: string, tool: Tool) =>
  join(root, "installed", `${tool.name.replaceAll(" ", "-")}.json`);

/** The receipt of a tool that is there, whole, and of this fingerprint; else undefined. */
export async function validReceipt(root: string, tool: Tool, wanted: string): Promise<Receipt | undefined> {
  try {
    const receipt = JSON.parse(await readFile(receiptPath(root, tool), "utf8")) as Receipt;
    if (receipt.fingerprint !== wanted) return undefined;
    for (const [file, size] of Object.entries(receipt.files)) {
      if ((await stat(join(root, file))).size !== size) return undefined;
    }
    return receipt;
  } catch {
    return undefined;
  }
}

/** Writes a tool's receipt in one move. `files` are paths below the root folder. */
export async function writeReceipt(
  root: string,
  tool: Tool,
  facts: Omit<Receipt, "files" | "version">,
  files: readonly string[],
): Promise<void> {
  const sizes: Record<string, number> = {};
  for (const file of files) sizes[file] = (await stat(join(root, file))).size;
  const target = receiptPath(root, tool);
  await mkdir(join(root, "installed"), { recursive: true });
  await writeFile(
    `${target}.partial`,
    JSON.stringify({ version: tool.version, ...facts, files: sizes }, null, 2),
  );
  await rename(`${target}.partial`, target);
}
