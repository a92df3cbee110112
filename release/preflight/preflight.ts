import type { Release } from "../../infra/config/schema/releases.ts";
import type { Config } from "../../infra/config/schema/stack.ts";
import { UserError } from "../../infra/lib/errors.ts";
import { appSelector } from "../../infra/lib/labels.ts";
import type { SlotName } from "../../infra/lib/names.ts";
import { planGateway } from "../../infra/platform/model/gateway.ts";
import type { ResolvedService } from "../../infra/services/resolve.ts";
import { slotName } from "../../infra/slots/model/manifests.ts";
import { trafficPatch } from "../../infra/slots/model/traffic.ts";
import type { Check, CheckResult, Finding } from "../../machine/check.ts";
import type { Prometheus } from "../analysis/prometheus.ts";
import { type Cluster, Refused } from "../cluster.ts";
import { plannedWeights } from "../driver/traffic.ts";
import { otherOf } from "../model/states.ts";
import type { Deployment } from "../pods.ts";
import { schemaFinding, secretsFinding, unaskedFinding } from "./configuration.ts";
import { credentialsFor } from "./credentials.ts";
import { imageFinding, type Node } from "./image.ts";
import {
  apiServerFinding,
  type Gateway,
  gatewayFinding,
  prometheusFinding,
  type Route,
  routeFinding,
} from "./network.ts";
import { askRegistry } from "./registry.ts";
import type { RunnerGate } from "./runners.ts";
import { activeFinding, imagesFinding, missing, trafficFinding } from "./state.ts";

/** A service that is about to be released. */
export interface Subject {
  /** As the stack file has it now. */
  readonly service: ResolvedService;
  /** Its entry of `slipway:releases` with the candidate in its slot. */
  readonly entry: Release;
}

/** What the release will go by. */
export interface Surroundings {
  readonly stack: string;
  readonly config: Config;
  /** Full keys of the stack file's secrets. */
  readonly secrets: ReadonlySet<string>;
  readonly cluster: Pick<Cluster, "get" | "list" | "raw">;
  readonly prometheus: Pick<Prometheus, "query">;
  readonly runners: RunnerGate;
  /** Version of the schema of a service's database; undefined where there is no way to ask, a UserError where it failed. */
  schemaVersion?(service: ResolvedService): Promise<number | undefined>;
}

/** Everything that must be right before a release touches anything; for `runChecks`, all side by side. */
export function preflightChecks(subjects: readonly Subject[], around: Surroundings): Check[] {
  const { environment } = around.config;
  const apiServer = once(() => apiServerFinding(around.cluster));
  const nodes = once(() => listNodes(around.cluster));
  const check = (title: string, run: () => Promise<Finding>): Check => ({ area: environment, title, run });
  return [
    check("API server", apiServer),
    ...[
      check("gateway", () => environmentGateway(around)),
      check("Prometheus", () => prometheusFinding(around.prometheus)),
      ...subjects.flatMap((subject) => stateChecks(subject, around, nodes)),
    ].map((dependent) => onceAnswered(dependent, apiServer)),
    check("runners", () => around.runners.check()),
    ...subjects.flatMap((subject) => fileChecks(subject, around)),
  ];
}

/** @throws UserError with every check that failed. */
export function requirePassed(results: readonly CheckResult[]): void {
  const failed = results.filter(({ status }) => status === "fail");
  if (failed.length === 0) return;
  throw new UserError(
    failed.map(({ area, title, detail, remedy }) => ({
      where: `${area}: ${title}`,
      what: detail,
      ...(remedy === undefined ? {} : { remedy }),
    })),
  );
}

/** Checks of a service that ask the cluster. */
function stateChecks(
  { service, entry }: Subject,
  around: Surroundings,
  nodes: () => Promise<Node[]>,
): Check[] {
  const { cluster, config, stack } = around;
  const { name, namespace, release } = service;
  const { object: ref } = trafficPatch(service, plannedWeights(service));
  const traffic = once(() => cluster.get<Route>(ref));
  const slots = once(() => listSlots(cluster, service));
  const withTraffic = async (look: (found: Route) => Finding) => {
    const found = await traffic();
    return found === undefined ? missing(`${ref.kind} ${ref.name}`, namespace, stack) : look(found);
  };
  const check = (title: string, run: () => Promise<Finding>): Check => ({ area: name, title, run });
  return [
    check("image", () => candidateImage({ service, entry }, nodes)),
    ...(service.kind === "http"
      ? [check("route", () => withTraffic((found) => routeFinding(found, planGateway(config))))]
      : []),
    check("traffic", () => withTraffic((found) => trafficFinding(service, found))),
    check("slots", async () => imagesFinding(service, await slots(), stack)),
    check("active release", async () =>
      activeFinding(service, (await slots())[release.active], entry.override),
    ),
  ];
}

async function listSlots(
  cluster: Surroundings["cluster"],
  { name, namespace }: ResolvedService,
): Promise<Record<SlotName, Deployment | undefined>> {
  const { app } = appSelector(name);
  const found = await cluster.list<Deployment>("deployment.apps", namespace, `app=${app}`);
  const of = (slot: SlotName) => found.find(({ metadata }) => metadata.name === slotName(name, slot));
  return { blue: of("blue"), green: of("green") };
}

/** Checks of a service that ask the stack file, and its database where there is a way. */
function fileChecks({ service, entry }: Subject, { secrets, stack, schemaVersion }: Surroundings): Check[] {
  return [
    {
      area: service.name,
      title: "secrets",
      run: async () => secretsFinding(service, secrets, stack),
    },
    {
      area: service.name,
      title: "schema",
      run: () => liveSchemaFinding({ service, entry }, schemaVersion),
    },
  ];
}

/** A database that cannot be asked stops nothing: the migration refuses a version that is not the release's. */
async function liveSchemaFinding(
  { service, entry }: Subject,
  ask: Surroundings["schemaVersion"],
): Promise<Finding> {
  try {
    return schemaFinding(service, entry, await ask?.(service));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return unaskedFinding(schemaFinding(service, entry, undefined), error);
  }
}

async function candidateImage({ service, entry }: Subject, nodes: () => Promise<Node[]>): Promise<Finding> {
  const image = entry[otherOf(entry)]?.image ?? "";
  return imageFinding(image, service.environment, await nodes(), async (reference) =>
    askRegistry(reference, await credentialsFor(reference.registry)),
  );
}

async function environmentGateway({ cluster, config, stack }: Surroundings): Promise<Finding> {
  const { name, namespace } = planGateway(config);
  const found = await cluster.get<Gateway>({ kind: GATEWAY, namespace, name });
  return found === undefined ? missing(`gateway ${name}`, namespace, stack) : gatewayFinding(found);
}

/** Whoever may release need not be allowed to see nodes: then the registry is asked. */
async function listNodes(cluster: Surroundings["cluster"]): Promise<Node[]> {
  try {
    return await cluster.list<Node>("nodes", "default");
  } catch (error) {
    if (error instanceof Refused) return [];
    throw error;
  }
}

/** One fault is told once: without the API server nothing else can be said. */
function onceAnswered(check: Check, apiServer: () => Promise<Finding>): Check {
  const run = async (): Promise<Finding> => {
    const answers = await apiServer().catch(() => undefined);
    if (answers === undefined) return { status: "skip", detail: "the API server does not answer" };
    return check.run();
  };
  return { ...check, run };
}

/** Several checks look at one answer. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask();
    return answer;
  };
}

const GATEWAY = "gateway.gateway.networking.k8s.io";
