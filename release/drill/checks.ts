import type { Release } from "../../infra/config/schema/releases.ts";
import { UserError } from "../../infra/lib/errors.ts";
import { SLOTS } from "../../infra/lib/names.ts";
import type { ResolvedService } from "../../infra/services/resolve.ts";
import { slotName } from "../../infra/slots/model/manifests.ts";
import { trafficPatch } from "../../infra/slots/model/traffic.ts";
import { type Check, type Finding, runChecks } from "../../machine/check.ts";
import type { KubernetesObject } from "../cluster.ts";
import { plannedWeights } from "../driver/traffic.ts";
import { otherOf, takenBack } from "../model/states.ts";
import { type Deployment, deploymentsOf, slotHealth } from "../pods.ts";
import { requirePassed } from "../preflight/preflight.ts";
import { imagesFinding, missing, trafficFinding } from "../preflight/state.ts";
import type { Project } from "../project.ts";
import type { PreflightResult } from "../record.ts";
import { askSchema, beyondTarget } from "../schema.ts";

/**
 * The state that a drill goes to and comes back from.
 * @param services all of the stack
 * @throws UserError when the service has nothing to go back to, or the stack is not at rest.
 */
export function rehearsedState(service: ResolvedService, services: readonly ResolvedService[]): Release {
  const { name, release } = service;
  const busy = services.filter((other) => other.release.phase === "canary");
  const faults = [
    ...busy.map((other) => ({
      where: `slipway:releases.${other.name}`,
      what: "a release is on its way, or was left on its way",
      remedy: `end it first: slipway release promote ${other.name}, or slipway release rollback ${other.name}`,
    })),
    ...(release.phase === "rollback" || release[otherOf(release)] === undefined
      ? [
          {
            where: `slipway:releases.${name}`,
            what: `${release[release.active]?.release} has no release behind it to go back to`,
            remedy: `a drill needs phase steady with a release in both slots: slipway release deploy ${name} --image …`,
          },
        ]
      : []),
  ];
  if (faults.length > 0) throw new UserError(faults);
  return takenBack(release) as Release;
}

/**
 * Makes sure that a drill changes nothing but what it is about, and has somewhere to go.
 * @param back the state that it goes to
 * @param pending what `pulumi up` would change just now, by the engine's word for it
 * @throws UserError with all that speaks against it
 */
export async function preflight(
  project: Project,
  name: string,
  back: Release,
  pending: () => Promise<Readonly<Record<string, number>>>,
): Promise<PreflightResult[]> {
  const service = project.service(name);
  const deployments = project.cluster.list<Deployment>("deployment.apps", service.namespace, `app=${name}`);
  const { object } = trafficPatch(service, plannedWeights(service));
  const check = (title: string, run: () => Promise<Finding>): Check => ({
    area: name,
    title,
    run: async () => strict(await run()),
  });
  const results = await runChecks([
    check("way back", async () => {
      await project.check({ [name]: back });
      return { status: "ok", detail: "the stack file may say so" };
    }),
    check("traffic", async () => {
      const live = await project.cluster.get<KubernetesObject>(object);
      if (live === undefined)
        return missing(`${object.kind} ${object.name}`, object.namespace, project.place.stack);
      return trafficFinding(service, live);
    }),
    check("schema", () => schemaFinding(project, service, back)),
    check("slots", async () =>
      imagesFinding(service, deploymentsOf(name, await deployments), project.place.stack),
    ),
    check("pods", async () => podsFinding(service, await deployments)),
    check("stack", async () => pendingFinding(await pending())),
  ]);
  requirePassed(results);
  return results.map(({ title, status, detail }) => ({ check: title, ok: status !== "fail", detail }));
}

/** The database may have gone beyond what the former release works with. */
async function schemaFinding(
  { cluster }: Project,
  service: ResolvedService,
  back: Release,
): Promise<Finding> {
  const target = back[back.active];
  if (target?.schema === undefined) return { status: "ok", detail: "none declared" };
  const version = await askSchema(cluster, service, SLOTS);
  const faults = beyondTarget(service, target, version);
  if (faults.length > 0) throw new UserError(faults);
  return { status: "ok", detail: version === undefined ? "cannot be asked for" : `at ${version}` };
}

/** What a deploy puts up with, a drill does not: nobody needs it just now. */
function strict(finding: Finding): Finding {
  return finding.status === "warn" ? { ...finding, status: "fail" } : finding;
}

/** Both slots get all users for a while, so both must be at full size. */
export function podsFinding(
  { name, namespace, release }: ResolvedService,
  found: readonly Deployment[],
): Finding {
  const slots = deploymentsOf(name, found);
  const health = SLOTS.map((slot) => ({ slot, ...slotHealth(slots[slot]) }));
  const detail = health
    .map(({ slot, ready, wanted }) => `${release[slot]?.release} in ${slot} ${ready}/${wanted}`)
    .join(", ");
  const short = health.find(({ ready, wanted }) => ready === 0 || ready < wanted);
  if (short === undefined) return { status: "ok", detail };
  const look = `kubectl describe deployment ${slotName(name, short.slot)} --namespace ${namespace}`;
  return {
    status: "fail",
    detail: `not all pods are ready: ${detail}`,
    remedy: `see what holds them up: ${look}`,
  };
}

/** @param changes number of resources by the engine's word for what would happen to them */
export function pendingFinding(changes: Readonly<Record<string, number>>): Finding {
  const { same = 0, ...others } = changes;
  const pending = Object.entries(others).map(([verb, count]) => `${count} ${verb}`);
  if (pending.length === 0) return { status: "ok", detail: `${same} resources as declared` };
  return {
    status: "fail",
    detail: `pulumi up would do more than the drill is about: ${pending.join(", ")}`,
    remedy: "see pulumi preview, and run pulumi up first",
  };
}
