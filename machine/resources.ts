import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { totalmem } from "node:os";
import { dirname } from "node:path";
import { type Fault, UserError } from "../infra/lib/errors.ts";

const GIB = 2 ** 30;

/** What a piece of work needs of the machine, in GiB. */
export interface Needs {
  readonly diskGiB: number;
  readonly memoryGiB: number;
}

/** What the machine has, in bytes. */
export interface Resources {
  readonly freeDisk: number;
  readonly totalMemory: number;
}

/** Free disk where `folder` is (or will be), and memory. */
export async function resources(folder: string): Promise<Resources> {
  const { bavail, bsize } = await statfs(nearestExisting(folder));
  return { freeDisk: bavail * bsize, totalMemory: totalmem() };
}

function nearestExisting(folder: string): string {
  return existsSync(folder) ? folder : nearestExisting(dirname(folder));
}

/** The faults of a machine that has less than needed; empty when all is well. */
export function shortages(has: Resources, needs: Needs, folder: string): Fault[] {
  const faults: Fault[] = [];
  const gib = (bytes: number) => (bytes / GIB).toFixed(1);
  if (has.freeDisk < needs.diskGiB * GIB) {
    faults.push({
      what: `${gib(has.freeDisk)} GiB of disk are free, ${needs.diskGiB} GiB are needed`,
      where: folder,
      remedy: "Free some space, or set SLIPWAY_HOME to a folder on a larger disk.",
    });
  }
  if (has.totalMemory < needs.memoryGiB * GIB) {
    faults.push({
      what: `the machine has ${gib(has.totalMemory)} GiB of memory, ${needs.memoryGiB} GiB are needed`,
      where: "memory",
      remedy: "Use a larger machine, or an existing cluster with --context.",
    });
  }
  return faults;
}

/** Throws one UserError with all shortages. */
export async function requireResources(folder: string, needs: Needs): Promise<void> {
  const faults = shortages(await resources(folder), needs, folder);
  if (faults.length > 0) throw new UserError(faults);
}
