import { execa } from "execa";
import { UserError } from "../../infra/lib/errors.ts";
import { run, tail } from "../../machine/run.ts";
import type { Layout } from "../layout.ts";
import type { ImageStore } from "./import.ts";

/** The images of the sandbox's own containerd, where the kubelet looks for them. */
export function containerdStore(place: Layout): ImageStore {
  const ctr = (...args: string[]) => [
    "--address",
    place.containerd.socket,
    "--namespace",
    "k8s.io",
    "images",
    ...args,
  ];
  return {
    present: async () => parseImages((await run("ctr", ctr("list"))).stdout),
    take: async (archive, title, signal) => {
      const result = await execa("ctr", ctr("import", "-"), {
        input: archive,
        cancelSignal: signal,
        reject: false,
        all: true,
      });
      if (result.isCanceled) signal.throwIfAborted();
      if (result.exitCode === 0) return;
      throw new UserError({
        what: `containerd did not take the image\n${tail(result.all || (result.shortMessage ?? ""))}`,
        where: title,
        remedy: `free some disk space if that is what it says; more is in ${place.logs}/containerd.log`,
      });
    },
  };
}

/** Name -> digest from the table that `ctr images list` prints. */
export function parseImages(table: string): Map<string, string> {
  const rows = table
    .split("\n")
    .slice(1)
    .map((row) => row.split(/\s+/));
  return new Map(rows.flatMap(([name, , digest]) => (name && digest ? [[name, digest] as const] : [])));
}
