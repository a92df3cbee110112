import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../infra/lib/errors.ts";
import { run } from "../../machine/run.ts";
import { CLUSTER } from "../addresses.ts";
import type { Layout } from "../layout.ts";

const CONTAINER_LOGS = "/var/log/containers";
const CNI_RESULTS = "/var/lib/cni/results";
const KUBELET_SOCKET = "/var/lib/kubelet/device-plugins/kubelet.sock";
const TASKS = "io.containerd.runtime.v2.task";

/** Mount points below a folder, innermost first, from the text of /proc/self/mountinfo. */
export function mountsBelow(mountinfo: string, folder: string): string[] {
  return mountinfo
    .split("\n")
    .map((line) => unescapePath(line.split(" ")[4] ?? ""))
    .filter((path) => path.startsWith(`${folder}/`))
    .reverse();
}

/** The kernel writes space, tab, newline and backslash as octal numbers. */
function unescapePath(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** Unmounts everything below the sandbox's folder. Throws while anything is left: deleting would follow the mount. */
export async function unmountAll(folder: string): Promise<void> {
  const present = () => mountsBelow(readFileSync("/proc/self/mountinfo", "utf8"), folder);
  for (const path of present()) {
    const { exitCode } = await run("umount", [path], { allowFailure: true });
    if (exitCode !== 0) await run("umount", ["--lazy", path], { allowFailure: true });
  }
  const left = present();
  if (left.length === 0) return;
  throw new UserError(
    left.map((path) => ({
      what: "this cannot be unmounted",
      where: path,
      remedy: `end what uses it: fuser -vm ${path}; then run slipway sandbox down again`,
    })),
  );
}

/** Sockets of the containers' shims, outside of our folder; read from containerd's state while that is there. */
export function shimSockets({ containerd }: Layout): string[] {
  const folder = join(containerd.state, TASKS, "k8s.io");
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((id) => {
    const file = join(folder, id, "address");
    return existsSync(file)
      ? [
          readFileSync(file, "utf8")
            .trim()
            .replace(/^unix:\/\//, ""),
        ]
      : [];
  });
}

/** Removes files that the node's programs write at fixed places, as far as they are of this sandbox. */
export function removeFixedFiles(place: Layout, sockets: readonly string[], hadKubelet: boolean): void {
  for (const socket of sockets) rmSync(socket, { force: true });
  for (const link of entries(CONTAINER_LOGS)) {
    const file = join(CONTAINER_LOGS, link);
    if (pointsBelow(file, place.podLogs)) rmSync(file);
  }
  for (const name of networkResults(entries(CNI_RESULTS), CLUSTER.device)) rmSync(join(CNI_RESULTS, name));
  if (hadKubelet) rmSync(KUBELET_SOCKET, { force: true });
}

/** Files of a network's pods among those of the CNI library's cache, their loopback devices included. */
export function networkResults(names: readonly string[], network: string): string[] {
  const ids = names.flatMap((name) => new RegExp(`^${network}-([0-9a-f]{64})-`).exec(name)?.[1] ?? []);
  return names.filter((name) => ids.some((id) => name.includes(`-${id}-`)));
}

function entries(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function pointsBelow(link: string, folder: string): boolean {
  try {
    return readlinkSync(link).startsWith(`${folder}/`);
  } catch {
    return false;
  }
}
