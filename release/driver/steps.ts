import type { Release } from "../../infra/config/schema/releases.ts";
import type { ResolvedService } from "../../infra/services/resolve.ts";
import { sharesOf, stepAt } from "../model/plan.ts";
import { otherOf, promoted, shareOf, withGate, withWeight } from "../model/states.ts";
import type { Entries } from "../project.ts";
import type { Run } from "./run.ts";
import { checkSchemas } from "./schema.ts";

/**
 * Brings a release to all users, share by share: candidates up, then for each share its smoke test, its weight, its
 * verdict. All services of the order together.
 * @param entries with the candidates in their slots, by service
 * @throws Failed when a release does not hold up; nothing is taken back here.
 */
export async function stepThrough(run: Run, entries: Entries): Promise<void> {
  const names = Object.keys(entries);
  await run.save(entries);
  await bringUp(run, names);
  await prove(run, names);
  for (const share of sharesOf(services(run, names))) {
    if (!services(run, names).some((service) => nextShare(service, share) > shareOf(service.release)))
      continue;
    await advance(run, names, share);
    await prove(run, names);
  }
  await run.save(changed(run, names, ({ release }) => promoted(release)));
  await run.up("promote");
}

/** A service's share when its group has come to `share`; one that an earlier run took further stays there. */
function nextShare(service: ResolvedService, share: number): number {
  return Math.max(shareOf(service.release), stepAt(service, share));
}

/** The candidates' pods: without users, or with those that an interrupted run gave them. */
async function bringUp(run: Run, names: readonly string[]): Promise<void> {
  const parts = services(run, names);
  const title = parts.map(({ name, release }) => `${idOf(release)} of ${name} into ${otherOf(release)}`);
  await run.bringUp(title.join(", "), parts);
  await checkSchemas(run, parts);
  await run.moved(parts.filter(({ release }) => shareOf(release) > 0));
}

/** First the smoke tests for a share, then the share itself: each is a change of one resource per service. */
async function advance(run: Run, names: readonly string[], share: number): Promise<void> {
  const gated = changed(run, names, (service) => {
    // One whose first step is yet to come has been tested for that one already.
    return withGate(service.release, Math.max(nextShare(service, share), service.release.gate ?? 0));
  });
  if (differs(run, gated)) {
    await run.save(gated);
    await run.up(`smoke test before ${share} %`);
  }
  await run.save(changed(run, names, (service) => withWeight(service.release, nextShare(service, share))));
  await run.move(`${share} % of the traffic`, services(run, names));
}

function differs(run: Run, entries: Entries): boolean {
  return Object.entries(entries).some(([name, { gate }]) => run.project.service(name).release.gate !== gate);
}

/** Watches all services that have users on the new release; one that fails fails them all, at once. */
async function prove(run: Run, names: readonly string[]): Promise<void> {
  const exposed = services(run, names).filter(({ release }) => shareOf(release) > 0);
  const failed = new AbortController();
  const watches = exposed.map((service) =>
    run.watch(service, failed.signal).catch((error) => {
      failed.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(watches);
  failed.signal.throwIfAborted();
}

function idOf(release: Release): string | undefined {
  return release[otherOf(release)]?.release;
}

function services(run: Run, names: readonly string[]): ResolvedService[] {
  return names.map((name) => run.project.service(name));
}

function changed(run: Run, names: readonly string[], change: (service: ResolvedService) => Release): Entries {
  return Object.fromEntries(services(run, names).map((service) => [service.name, change(service)]));
}
