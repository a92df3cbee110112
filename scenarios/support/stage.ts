import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { OpMap } from "@pulumi/pulumi/automation/index.js";
import { isBusy, openStack, type StackPlace, up } from "../../engine/stack.ts";
import type { Release } from "../../infra/config/schema/releases.ts";
import { SLOTS, type SlotName } from "../../infra/lib/names.ts";
import { paths } from "../../machine/paths.ts";
import { waitFor } from "../../machine/wait.ts";
import { stackPlace } from "../../sandbox/stack/place.ts";
import type { Telling } from "../scenario.ts";
import { kubectl } from "./cluster.ts";
import { demoImage } from "./images.ts";
import { type Edit, editStackValues, readStackValue } from "./stack-text.ts";
import { unwatched } from "./stacks.ts";

/**
 * How steps are watched in scenarios: just long enough for Prometheus to have seen something, at this much load. A busy
 * machine is given time for more requests, and answers slowly without being called slow.
 */
const ANALYSIS = { window: "6s", interval: "1s", minRequests: 20, latencyFloor: "300ms", hold: "20s" };

/** Changes of a stack file that make the steps of its releases short. */
export function shortAnalysis(other: Partial<typeof ANALYSIS> = {}): Edit[] {
  return Object.entries({ ...ANALYSIS, ...other }).map(([key, value]) => [
    ["slipway:delivery", "analysis", key],
    value,
  ]);
}

/** A pod as a scenario looks at it. */
export interface PodSeen {
  readonly name: string;
  readonly uid: string;
  readonly ip: string;
  readonly image: string;
  readonly ready: boolean;
}

interface PodObject {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** A service of a running stack, seen from outside: through kubectl, and by what its stack file says. */
export class Stage {
  readonly place: StackPlace;
  readonly service: string;
  readonly namespace: string;
  readonly hostname: string;

  constructor(place: StackPlace, service: string, namespace: string, hostname: string) {
    this.place = place;
    this.service = service;
    this.namespace = namespace;
    this.hostname = hostname;
  }

  /** What the stack file says of it. */
  async entry(): Promise<Release> {
    return (await readStackValue(this.place, ["slipway:releases", this.service])) as Release;
  }

  /** The shares that the live route gives the slots. */
  async weights(): Promise<Readonly<Record<SlotName, number>>> {
    const path = "jsonpath={range .spec.rules[0].backendRefs[*]}{.name}={.weight} {end}";
    const text = await this.kubectl("get", "httproute", this.service, `--output=${path}`);
    const shares = Object.fromEntries(
      text
        .trim()
        .split(" ")
        .map((pair) => pair.split("=")),
    );
    return { blue: Number(shares[`${this.service}-blue`]), green: Number(shares[`${this.service}-green`]) };
  }

  /** Pods of a slot that are not on their way out. */
  async pods(slot: SlotName): Promise<PodSeen[]> {
    const selector = `--selector=app=${this.service},slot=${slot}`;
    const { items } = JSON.parse(await this.kubectl("get", "pods", selector, "--output=json")) as {
      items: PodObject[];
    };
    return items
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata, spec, status }) => ({
        name: metadata.name,
        uid: metadata.uid,
        ip: status.podIP ?? "",
        image: spec.containers[0]?.image ?? "",
        ready: status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false,
      }));
  }

  /** Ready pods of a slot, as its Deployment says it: a moment later than the pods themselves. */
  async readyReplicas(slot: SlotName): Promise<number> {
    const path = "jsonpath={.status.readyReplicas}";
    return Number(await this.kubectl("get", "deployment", `${this.service}-${slot}`, `--output=${path}`));
  }

  /** Waits until both slots have the pods that they should have: the engine does not see to a template that was there before. */
  async settled(): Promise<void> {
    for (const slot of SLOTS)
      await this.kubectl("rollout", "status", `deployment/${this.service}-${slot}`, "--timeout=300s");
  }

  kubectl(...args: string[]): Promise<string> {
    return kubectl(...args, "--namespace", this.namespace);
  }

  /** Switches faults of all pods of a slot, past the gateway. */
  async setFaults(slot: SlotName, faults: Readonly<Record<string, unknown>>): Promise<void> {
    const pods = await this.pods(slot);
    assert.notEqual(pods.length, 0, `${slot} has no pods`);
    for (const { ip } of pods) {
      const answer = await fetch(`http://${ip}:8080/faults`, { method: "PUT", body: JSON.stringify(faults) });
      assert.equal(answer.status, 200, await answer.text());
    }
  }

  /**
   * Checks that all users are on one version: by the stack file, by the live route, and by pods that are ready.
   * @returns what was seen
   */
  async servesOnly(slot: SlotName, release: string, phase: Release["phase"]): Promise<string> {
    const entry = await this.entry();
    const seen = { phase: entry.phase, active: entry.active, release: entry[slot]?.release };
    assert.deepEqual(seen, { phase, active: slot, release });
    const weights = await this.weights();
    assert.equal(weights[slot], 100, JSON.stringify(weights));
    assert.equal(weights.blue + weights.green, 100, JSON.stringify(weights));
    const pods = await this.pods(slot);
    const good = pods.filter(({ ready, image }) => ready && image === entry[slot]?.image).length;
    assert.ok(good > 0 && good === pods.length, `${good} of ${pods.length} pods ready with its image`);
    return `${release} in ${slot}: phase ${phase}, ${weights[slot]} % of the route, ${good} pods ready`;
  }
}

/** The state that scenarios start from: r1 in blue; green empty, or with a release that was before it. */
export interface Start {
  readonly green?: { readonly release: string; readonly image: string };
  /** How its steps are watched, where that is another way than usual. */
  readonly analysis?: Parameters<typeof shortAnalysis>[0];
  /** Further changes of the stack file. */
  readonly edits?: readonly Edit[];
}

/**
 * The demo service of the sandbox, steady on r1 in blue, with short windows. Afterwards the stack is what it was before,
 * its pods included.
 */
export async function steadyDemo(
  afterwards: Telling["afterwards"],
  { green, analysis, edits = [] }: Start = {},
): Promise<Stage> {
  const place = stackPlace("sandbox");
  const stage = new Stage(place, "demo", "demo-sandbox", "demo.localhost");
  const before = await stage.entry();
  const wanted = {
    phase: "steady",
    active: "blue",
    blue: { release: "r1", image: await demoImage("r1") },
    ...(green === undefined ? {} : { green }),
  };
  const restore = await editStackValues(place, [
    ...shortAnalysis(analysis),
    ...edits,
    [["slipway:releases", "demo"], wanted],
  ]);
  afterwards(async () => {
    await restore();
    await bringUp(place);
    await stage.settled();
  });
  if (edits.length > 0 || !isDeepStrictEqual(before, wanted)) await bringUp(place);
  await stage.settled();
  await stage.servesOnly("blue", "r1", "steady");
  return stage;
}

/**
 * Brings a stack to what its file says, after an engine that still works on it.
 * @returns number of resources per kind of change
 */
export async function bringUp(place: StackPlace): Promise<OpMap> {
  let changes: OpMap | undefined;
  await eventually("no other engine works on the stack", async () => {
    try {
      ({ changes } = await up(await openStack(paths(), place), unwatched));
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
    return changes !== undefined;
  });
  return changes ?? {};
}

/** Waits until something is so. For as long as a machine may need that is slow and busy: a fault shows later there. */
export async function eventually(
  what: string,
  check: () => Promise<boolean>,
  timeoutMs = 300_000,
): Promise<void> {
  const done = await waitFor(async () => (await check()) || undefined, {
    signal: unwatched.signal,
    timeoutMs,
    everyMs: 200,
  });
  if (done === undefined) throw new Error(`not so within ${timeoutMs / 1_000} s: ${what}`);
}
