import { vi } from "vitest";
import { SLOTS, type SlotName } from "../../../infra/lib/names.ts";
import { paths } from "../../../machine/paths.ts";
import type { Prometheus } from "../../../release/analysis/prometheus.ts";
import { FIGURES, type Figure } from "../../../release/analysis/queries.ts";
import type { Engine } from "../../../release/driver/engine.ts";
import type { Report } from "../../../release/driver/report.ts";
import { Session, type Setting } from "../../../release/driver/session.ts";
import { type Entries, Project } from "../../../release/project.ts";
import type { Action, Happening } from "../../../release/record.ts";
import type { MemoryCluster } from "../../support/memory-cluster.ts";
import type { Stage } from "../drill/stage.ts";
import { liveDeployment } from "../preflight/live-objects.ts";

type Verb = Parameters<MemoryCluster["interfere"]>[0];

/** A stage with everything that the driver needs besides: who asks, an engine, a Prometheus. All of them tell what happens. */
export interface Rig extends Stage {
  readonly setting: Setting;
  /** Ctrl-C. */
  readonly control: AbortController;
  /** What was changed, in its order: the traffic (with the phase that the file has then), the lock, what the engine did. */
  readonly effects: string[];
  readonly happened: Happening[];
  readonly engine: Engine;
  readonly prometheus: Prometheus;
  /** Throws, or waits, in place of an outage of the cluster. */
  outage: (verb: Verb) => Promise<void>;
  /** The same for the engine. */
  trouble: (title: string, signal: AbortSignal) => Promise<void>;
  /** What Prometheus says of both slots; undefined: nothing. */
  figures: Partial<Record<SlotName, Readonly<Record<Figure, number>>>>;
  session(action: Action, entries: Entries): Promise<Session>;
  /** The sentences that were told. */
  notes(): string[];
}

export const HEALTHY: Readonly<Record<Figure, number>> = { requests: 500, errors: 0, p95: 0.01, restarts: 0 };

/** Until the test's end, a project is opened by taking the stage's, and a session works with this rig. */
export function rigOf(stage: Stage): Rig {
  const { project, cluster } = stage;
  const effects: string[] = [];
  const happened: Happening[] = [];
  const control = new AbortController();
  let isEngine = false;
  const rig: Rig = {
    ...stage,
    setting: {
      place: project.place,
      paths: paths({ SLIPWAY_HOME: project.place.folder }),
      display: { happened: (happening) => void happened.push(happening), status: () => {} },
      signal: control.signal,
    },
    control,
    effects,
    happened,
    outage: async () => {},
    trouble: async () => {},
    figures: { blue: HEALTHY, green: HEALTHY },
    engine: {
      up: async (title: string, report: Report, signal: AbortSignal) => {
        effects.push(`up: ${title}`);
        await rig.trouble(title, signal);
        signal.throwIfAborted();
        isEngine = true;
        await bringUp(stage).finally(() => {
          isEngine = false;
        });
        await report.add({ what: "up", data: { purpose: title, changes: {}, seconds: 0 } });
      },
      secrets: async () => ({}),
    } as unknown as Engine,
    prometheus: { query: async () => samples(rig.figures) },
    session: (action, entries) => Session.start(rig.setting, project, action, entries),
    notes: () => happened.flatMap((event) => (event.what === "note" ? [event.data.text] : [])),
  };
  cluster.interfere = async (verb, call) => {
    if (!isEngine) await rig.outage(verb);
    const effect = isEngine ? undefined : await effectOf(verb, call, stage);
    if (effect !== undefined) effects.push(effect);
  };
  const start = Session.start.bind(Session);
  vi.spyOn(Session, "start").mockImplementation(async (...parts) => {
    const { engine, prometheus } = rig;
    return Object.assign(await start(...parts), { engine, prometheus });
  });
  vi.spyOn(Project, "open").mockResolvedValue(project);
  return rig;
}

async function effectOf(verb: Verb, call: string, { text }: Stage): Promise<string | undefined> {
  const [, what, name] = call.split(" ");
  if (verb === "patch" && what === "HTTPRoute") {
    const phases = Array.from((await text()).matchAll(/^ *phase: (\w+)/gm), ([, phase]) => phase);
    return `traffic of ${name}, the file says ${phases.join(", ")}`;
  }
  if (verb === "create") return "lock";
  return verb === "patch" ? "asked to stop" : undefined;
}

/** Gives the cluster what the stack file says. */
async function bringUp({ project, cluster, apply }: Stage): Promise<void> {
  for (const service of project.services) {
    for (const slot of SLOTS) cluster.put(liveDeployment(service, slot));
    await apply(service.name);
  }
}

function samples(figures: Rig["figures"]) {
  return SLOTS.flatMap((slot) => {
    const own = figures[slot];
    return own === undefined
      ? []
      : FIGURES.map((figure) => ({ labels: { figure, slot }, value: own[figure] }));
  });
}

/** The stage's stack file with a watch that takes a second. */
export async function hasten({ project, text, write }: Stage): Promise<void> {
  const quick = { window: "1s", interval: "500ms", minRequests: "10", latencyFloor: "50ms", hold: "1s" };
  const changed = Object.entries(quick).reduce(
    (file, [key, value]) => file.replace(new RegExp(`^( {6}${key}:) .*$`, "m"), `$1 ${value}`),
    await text(),
  );
  await write(changed);
  await project.reload();
}
