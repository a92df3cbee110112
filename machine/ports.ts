import { run } from "./run.ts";

/** A socket that listens on TCP. */
export interface Listener {
  /** `0.0.0.0`, `[::]` or `*` for all addresses. */
  readonly address: string;
  readonly port: number;
  /** Unknown for another user's process. */
  readonly process?: { readonly name: string; readonly pid: number };
}

/** Parses the output of `ss -Hltnp`. */
export function parseListeners(text: string): Listener[] {
  return text.split("\n").flatMap((line) => {
    const local = line.trim().split(/\s+/)[3];
    const colon = local?.lastIndexOf(":") ?? -1;
    if (local === undefined || colon < 0) return [];
    const owner = /users:\(\("([^"]*)",pid=(\d+)/.exec(line);
    return [
      {
        address: local.slice(0, colon),
        port: Number(local.slice(colon + 1)),
        ...(owner === null ? {} : { process: { name: owner[1] as string, pid: Number(owner[2]) } }),
      },
    ];
  });
}

/** All TCP listeners of this machine. */
export async function listeners(): Promise<Listener[]> {
  return parseListeners((await run("ss", ["-Hltnp"])).stdout);
}
