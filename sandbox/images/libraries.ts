import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../../machine/run.ts";

/** Loaded by the C library at run time for host names, so `ldd` does not name them. Part of libc itself since 2.34. */
const NAME_SERVICE = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"];

/** Paths of the shared libraries in the output of `ldd`, the loader included. */
export function parseLdd(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const path = /(?:=>\s+)?(\/\S+)\s+\(0x[0-9a-f]+\)/.exec(line)?.[1];
    return path === undefined ? [] : [path];
  });
}

/** Every shared library that a program of this machine needs. */
export async function sharedLibraries(program: string): Promise<string[]> {
  const found = parseLdd((await run("ldd", [program])).stdout);
  const libc = found.find((path) => path.endsWith("/libc.so.6"));
  const late =
    libc === undefined
      ? []
      : NAME_SERVICE.map((name) => join(dirname(libc), name)).filter((path) => existsSync(path));
  return [...new Set([...found, ...late])].sort();
}
