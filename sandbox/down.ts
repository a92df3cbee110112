import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { findCommand } from "../machine/packages.ts";
import { paths } from "../machine/paths.ts";
import { stopProcess } from "../machine/processes.ts";
import type { StepContext } from "../machine/steps.ts";
import { type Layout, layout } from "./layout.ts";
import { lockSandbox } from "./lock.ts";
import { cgroupMounts, cgroupProcesses, removeCgroups } from "./node/cgroups.ts";
import { COMPONENTS } from "./node/components.ts";
import { removeHostPorts } from "./node/host-ports.ts";
import { IP_FORWARD, readMachineState, restoreMachine } from "./node/machine-state.ts";
import { devices, othersForward, removeNetwork } from "./node/network.ts";
import { removeFixedFiles, shimSockets, unmountAll } from "./node/remnants.ts";
import { ownProcesses, shimProcesses } from "./node/supervise.ts";
import { requireHost } from "./preflight.ts";

/**
 * Removes the sandbox and everything that it made on this machine: processes, containers, mounts, network, cgroups,
 * kernel settings, and its folder with the cluster's whole state. Toolchain and caches stay. Idempotent; works from any
 * state, also after a crash.
 * @returns a note on what there was.
 */
export async function down(what: string, context: StepContext): Promise<string> {
  requireHost();
  const lock = await lockSandbox(what);
  try {
    const place = layout();
    const stopped = await removeNode(place, context);
    const existed = existsSync(place.root);
    await rm(place.root, { recursive: true, force: true });
    return stopped === 0 && !existed
      ? "there was nothing to remove"
      : `ended ${stopped} processes, removed ${place.root}`;
  } finally {
    await lock.release();
  }
}

async function removeNode(place: Layout, { report }: StepContext): Promise<number> {
  const state = readMachineState(place.machine);
  const sockets = shimSockets(place);
  report("ending processes");
  const stopped = await endProcesses(place);
  report("unmounting");
  await unmountAll(place.root);
  report("removing network, cgroups and settings");
  if (findCommand("ip") !== undefined) {
    await removeHostPorts();
    await removeNetwork();
  }
  await removeCgroups(cgroupMounts());
  removeFixedFiles(place, sockets, state !== undefined);
  if (state !== undefined) {
    await restoreMachine(state, othersForward(await devices()) ? [IP_FORWARD] : []);
  }
  return stopped;
}

/** The state is thrown away, so nobody needs time to save it. The kubelet goes first: it would start pods anew. */
async function endProcesses(place: Layout): Promise<number> {
  const programs = COMPONENTS.map((name) =>
    name === "containerd" ? (findCommand(name) ?? name) : join(paths().bin, name),
  ).reverse();
  let ended = 0;
  const endAll = async (pids: readonly number[]) => {
    ended += pids.length;
    await Promise.all(pids.map((pid) => stopProcess({ pid }, 0)));
  };
  for (const program of programs) await endAll(ownProcesses(place, [program]));
  await endAll(shimProcesses(place));
  for (let pids = cgroupProcesses(cgroupMounts()); pids.length > 0; pids = cgroupProcesses(cgroupMounts())) {
    await endAll(pids);
  }
  return ended;
}
