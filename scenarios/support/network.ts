import { run } from "../../machine/run.ts";
import type { Telling } from "../scenario.ts";

const NAME = "slipway-driver";
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

/** Makes a network namespace whose processes reach this machine, the cluster's API server with it. */
export async function separateNetwork(afterwards: Telling["afterwards"]): Promise<SeparateNetwork> {
  await remove();
  afterwards(remove);
  await ip("netns", "add", NAME);
  await ip("link", "add", OUTER, "type", "veth", "peer", "name", INNER, "netns", NAME);
  await ip("address", "add", `${GATEWAY}/30`, "dev", OUTER);
  await ip("link", "set", OUTER, "up");
  await ip("-n", NAME, "link", "set", "lo", "up");
  await ip("-n", NAME, "address", "add", `${ADDRESS}/30`, "dev", INNER);
  await connect();
  return {
    command: ["ip", "netns", "exec", NAME],
    cut: () => ip("-n", NAME, "link", "set", INNER, "down"),
    mend: connect,
  };
}

/** The route goes when the cable does. */
async function connect(): Promise<void> {
  await ip("-n", NAME, "link", "set", INNER, "up");
  await ip("-n", NAME, "route", "replace", "default", "via", GATEWAY);
}

async function remove(): Promise<void> {
  await run("ip", ["netns", "delete", NAME], { allowFailure: true });
  await run("ip", ["link", "delete", OUTER], { allowFailure: true });
}

async function ip(...args: string[]): Promise<void> {
  await run("ip", args);
}
