import { spawn } from "node:child_process";
import { once } from "node:events";
import { readlink } from "node:fs/promises";
import { run } from "../../machine/run.ts";
import type { Telling } from "../scenario.ts";
import { eventually } from "./stage.ts";

/** Ends of the cable: this machine's, and the one inside. */
const [OUTER, INNER] = ["slipway-drv0", "slipway-drv1"];
/** A network that nothing else uses (RFC 6598). */
const [GATEWAY, ADDRESS] = ["100.64.77.1", "100.64.77.2"];

/** A network of its own for some process, with one cable to this machine. */
export interface SeparateNetwork {
  /** What to write before a command, so that it runs in there. */
  readonly command: readonly string[];
  /** From now on nothing comes through, and nobody is told. */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

/**
 * Makes a network namespace whose processes reach this machine, the cluster's API server with it. It has no name, and is
 * gone with the last process in it: nothing is left on the machine.
 */
export async function separateNetwork(afterwards: Telling["afterwards"]): Promise<SeparateNetwork> {
  await unplug();
  const namespace = await keptNamespace(afterwards);
  afterwards(unplug);
  const inside = ["nsenter", `--net=${namespace}`];
  const [enter = "", ...where] = inside;
  const ipInside = (...args: string[]) => run(enter, [...where, "ip", ...args]);
  /** The route goes when the cable does. */
  const mend = async () => {
    await ipInside("link", "set", INNER, "up");
    await ipInside("route", "replace", "default", "via", GATEWAY);
  };
  const peer = ["peer", "name", INNER, "netns", namespace];
  await ip("link", "add", OUTER, "type", "veth", ...peer);
  await ip("address", "add", `${GATEWAY}/30`, "dev", OUTER);
  await ip("link", "set", OUTER, "up");
  await ipInside("link", "set", "lo", "up");
  await ipInside("address", "add", `${ADDRESS}/30`, "dev", INNER);
  await mend();
  return {
    command: inside,
    cut: async () => {
      // One that waits for an answer could not be ended without.
      afterwards(mend);
      await ipInside("link", "set", INNER, "down");
    },
    mend,
  };
}

/** A network namespace that lasts as long as a process which waits for the end of this one. @returns its file */
async function keptNamespace(afterwards: Telling["afterwards"]): Promise<string> {
  const keeper = spawn("unshare", ["--net", "cat"], { stdio: ["pipe", "ignore", "ignore"] });
  const ended = once(keeper, "exit");
  afterwards(() => {
    keeper.stdin.end();
    return ended;
  });
  const file = `/proc/${keeper.pid}/ns/net`;
  await eventually("there is a network namespace", async () => {
    return (await readlink(file)) !== (await readlink("/proc/self/ns/net"));
  });
  return file;
}

async function unplug(): Promise<void> {
  await run("ip", ["link", "delete", OUTER], { allowFailure: true });
}

async function ip(...args: string[]): Promise<void> {
  await run("ip", args);
}
