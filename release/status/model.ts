import type { GatewayConfig } from "../../infra/config/schema/gateway.ts";
import type { Phase } from "../../infra/config/schema/releases.ts";
import { type Environment, SLOTS, type SlotName } from "../../infra/lib/names.ts";
import { publicUrl } from "../../infra/platform/model/gateway.ts";
import type { ResolvedService } from "../../infra/services/resolve.ts";
import { TESTERS } from "../../infra/slots/model/live.ts";
import { planSlots, type SlotPlan, type SlotRole } from "../../infra/slots/model/plan.ts";
import { liveWeights, type Weights } from "../../infra/slots/model/traffic.ts";
import type { Finding } from "../../machine/check.ts";
import type { LiveFigures } from "../analysis/measure.ts";
import type { KubernetesObject } from "../cluster.ts";
import type { Lease } from "../lease.ts";
import { type Deployment, deploymentsOf, slotHealth } from "../pods.ts";
import { imagesFinding, missing, trafficFinding } from "../preflight/state.ts";
import type { RunRecord } from "../record.ts";
import {
  type LockStatus,
  lastRunOf,
  lastVerdictOf,
  lockStatus,
  type RunStatus,
  type StepVerdict,
} from "./runs.ts";

/** Something that was asked for: the answer, or why there was none. */
export type Known<T> = { readonly value: T } | { readonly why: string };

/** What was found out about a service. */
export interface ServiceFacts {
  readonly service: ResolvedService;
  /** What shares its traffic out: its HTTPRoute, or its live Service. */
  readonly route: Known<KubernetesObject | undefined>;
  readonly deployments: Known<readonly Deployment[]>;
  readonly traffic: Known<Readonly<Record<SlotName, LiveFigures>>>;
}

/** What was found out about a stack at one moment. */
export interface StackFacts {
  readonly stack: string;
  readonly environment: Environment;
  readonly gateway: GatewayConfig;
  readonly at: Date;
  /** Time that the figures of the traffic are about. */
  readonly windowSeconds: number;
  readonly lock: Known<Lease | undefined>;
  /** Oldest first. */
  readonly records: Known<readonly RunRecord[]>;
  readonly services: readonly ServiceFacts[];
}

/** A slot as it is. What is left out is not known. */
export interface SlotStatus {
  readonly role: SlotRole;
  readonly release?: string;
  /** First twelve digits of the image's digest; without one, the image's name and tag. */
  readonly image?: string;
  /** Pods. */
  readonly ready?: number;
  readonly wanted?: number;
  /** Share of the traffic in per cent: by the stack file, and in the cluster. */
  readonly planned: number;
  readonly live?: number;
  readonly requestsPerSecond?: number;
  /** 0 to 1; left out also where there were no requests. */
  readonly errorRatio?: number;
}

/** A difference between cluster and stack file. */
export interface Drift {
  readonly what: string;
  readonly remedy?: string;
}

/** How a tester gets the candidate while most users do not. */
export interface TesterAccess {
  readonly release: string;
  readonly command: string;
}

export interface ServiceStatus {
  readonly service: string;
  readonly phase: Phase;
  readonly active: SlotName;
  /** The step that the candidate is tested for, in per cent; only in phase canary. */
  readonly gate?: number;
  readonly slots: Readonly<Record<SlotName, SlotStatus>>;
  readonly lastRun?: RunStatus;
  /** The newest verdict that any run came to. */
  readonly lastVerdict?: StepVerdict;
  readonly testers?: TesterAccess;
  /** Where the cluster is not what the stack file says. None while a run holds the lock: it is what moves things. */
  readonly drift: readonly Drift[];
  /** False: there is drift, or no pod of the active release is ready. */
  readonly ok: boolean;
}

/** A stack's releases at one moment, as plain data. */
export interface StackStatus {
  readonly stack: string;
  readonly environment: Environment;
  /** ISO 8601 in UTC. */
  readonly at: string;
  readonly windowSeconds: number;
  readonly lock: LockStatus;
  readonly services: readonly ServiceStatus[];
  /** What could not be found out, and why. */
  readonly missing: readonly { readonly what: readonly string[]; readonly why: string }[];
  /** All services are, and the cluster could be asked about each. */
  readonly ok: boolean;
}

export function statusOf(facts: StackFacts): StackStatus {
  const lock: LockStatus =
    "why" in facts.lock ? { state: "not known" } : lockStatus(facts.lock.value, facts.at);
  const records = answerOf(facts.records) ?? [];
  const services = facts.services.map((service) => serviceStatus(facts, service, lock, records));
  const asked = facts.services.every(({ route, deployments }) => "value" in route && "value" in deployments);
  return {
    stack: facts.stack,
    environment: facts.environment,
    at: facts.at.toISOString(),
    windowSeconds: facts.windowSeconds,
    lock,
    services,
    missing: missingIn(facts),
    ok: asked && services.every(({ ok }) => ok),
  };
}

function serviceStatus(
  { gateway, stack }: StackFacts,
  facts: ServiceFacts,
  lock: LockStatus,
  records: readonly RunRecord[],
): ServiceStatus {
  const { service } = facts;
  const { release } = service;
  const plan = planSlots(service, release);
  const route = answerOf(facts.route);
  const live = route === undefined ? undefined : liveWeights(route);
  const [blue, green] = SLOTS.map((slot) => slotStatus(facts, plan, slot, live)) as [SlotStatus, SlotStatus];
  // A run writes the stack file first: what differs while it goes on is its own next step.
  const drift = lock.state === "held" ? [] : driftOf(facts, stack);
  const serves = { blue, green }[release.active].ready !== 0;
  return {
    service: service.name,
    phase: release.phase,
    active: release.active,
    ...(plan.smoke === undefined ? {} : { gate: plan.smoke.step }),
    slots: { blue, green },
    ...defined({
      lastRun: lastRunOf(records, service.name, lock),
      lastVerdict: lastVerdictOf(records, service.name),
      testers: testersOf(service, plan, gateway),
    }),
    drift,
    ok: serves && drift.length === 0,
  };
}

function slotStatus(
  { service, deployments, traffic }: ServiceFacts,
  plan: SlotPlan,
  slot: SlotName,
  live: Weights | undefined,
): SlotStatus {
  const { role, release, image, weight } = plan[slot];
  const found = answerOf(deployments);
  const figures = answerOf(traffic)?.[slot];
  const health = found === undefined ? undefined : slotHealth(deploymentsOf(service.name, found)[slot]);
  return {
    role,
    planned: weight,
    ...defined({
      release,
      image: release === undefined ? undefined : shortImage(image),
      ready: health?.ready,
      wanted: health?.wanted,
      live: live?.[slot],
      requestsPerSecond: figures?.requestsPerSecond,
      errorRatio: figures?.errorRatio,
    }),
  };
}

function driftOf({ service, route, deployments }: ServiceFacts, stack: string): Drift[] {
  const findings: Finding[] = [
    ...("value" in route ? [trafficState(service, route.value, stack)] : []),
    ...("value" in deployments
      ? [imagesFinding(service, deploymentsOf(service.name, deployments.value), stack)]
      : []),
  ];
  return findings
    .filter(({ status }) => status !== "ok")
    .map(({ detail, remedy }) => ({ what: detail, ...defined({ remedy }) }));
}

function trafficState(service: ResolvedService, route: KubernetesObject | undefined, stack: string): Finding {
  const { name, namespace, kind } = service;
  const what = kind === "http" ? "route" : "live Service";
  if (route === undefined) return missing(`${what} ${name}`, namespace, stack);
  const { detail, ...finding } = trafficFinding(service, route);
  return { ...finding, detail: `the ${what} ${detail}` };
}

function testersOf(
  { hostnames: [hostname], kind }: ResolvedService,
  plan: SlotPlan,
  gateway: GatewayConfig,
): TesterAccess | undefined {
  const { release } = plan[plan.testers];
  if (plan.phase !== "canary" || kind !== "http" || hostname === undefined || release === undefined)
    return undefined;
  const command = `curl --header '${TESTERS.header}: ${TESTERS.value}' ${publicUrl(hostname, gateway)}/`;
  return { release, command };
}

/** Answers that did not come, those with one reason together. */
function missingIn({ lock, records, services }: StackFacts): StackStatus["missing"] {
  const asked: (readonly [string, Known<unknown>])[] = [
    ["who holds the release lock", lock],
    ["runs on record", records],
    ...services.flatMap(({ service: { name }, route, deployments, traffic }) => [
      [`live shares of ${name}`, route] as const,
      [`pods of ${name}`, deployments] as const,
      [`requests and errors of ${name}`, traffic] as const,
    ]),
  ];
  const unanswered = asked.flatMap(([what, known]) => ("why" in known ? [{ what, why: known.why }] : []));
  return [...Map.groupBy(unanswered, ({ why }) => why)].map(([why, group]) => ({
    what: group.map(({ what }) => what),
    why,
  }));
}

/** `a46031908b12`, or `demo:r2` for an image that is named by its tag. */
export function shortImage(image: string): string {
  return /@sha256:([0-9a-f]{12})/.exec(image)?.[1] ?? image.split("/").at(-1) ?? image;
}

function answerOf<T>(known: Known<T>): T | undefined {
  return "value" in known ? known.value : undefined;
}

function defined<T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
