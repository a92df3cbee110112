import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../infra/lib/errors.ts";
import type { Environment } from "../infra/lib/names.ts";
import { waitFor } from "../machine/wait.ts";
import { type Cluster, type ObjectRef, Refused } from "./cluster.ts";
import {
  describe,
  heartbeat,
  isSame,
  LEASE_SECONDS,
  type Lease,
  leaseRef,
  type Run,
  released,
  renewed,
  type Standing,
  standing,
  stopRequest,
  stopRequestedBy,
  taken,
} from "./lease.ts";

/** What the lock needs of the cluster. */
export type LeaseStore = Pick<Cluster, "get" | "create" | "replace" | "patch">;

/** How long to wait for the lock, and who is told. */
export interface QueueOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Called when another run holds the lock, and again whenever that changes. */
  onWait(text: string): void;
}

/** The right to change an environment's releases. Ends with the process: nobody renews it then. */
export interface ReleaseLock {
  /** Whose lock had run out when it was taken. */
  readonly takenOver: string | undefined;
  /** Aborted when another holds the lock now, or could: nothing may be changed any more. The reason is a UserError. */
  readonly lost: AbortSignal;
  /** Aborted when somebody asked this run to stop. The reason is a UserError that says who. */
  readonly asked: AbortSignal;
  /** Gives the lock back. Never fails: a lock that cannot be given back runs out by itself. */
  release(): Promise<void>;
}

/** How often things are done, in milliseconds. */
export interface Pace {
  /** Between two looks of one that waits. */
  readonly poll: number;
  /** Between two looks of the holder, for requests to stop. */
  readonly look: number;
  /** At most between two renewals. */
  readonly renew: number;
  readonly lease: number;
}

const PACE: Pace = { poll: 1_000, look: 2_000, renew: 5_000, lease: LEASE_SECONDS * 1_000 };
const ATTEMPTS = 5;

/**
 * Takes the lock of an environment, waiting for its turn. Who has waited longest does not come first by right, except
 * that whoever asked the holder to stop ({@link requestStop}) does.
 * @throws UserError when the time is over, or when the cluster cannot be asked at all.
 */
export async function acquireRelease(
  cluster: LeaseStore,
  environment: Environment,
  run: Run,
  { signal, timeoutMs, onWait }: QueueOptions,
  pace: Pace = PACE,
): Promise<ReleaseLock> {
  const ref = leaseRef(environment);
  const patience = new Patience();
  let behind: string | undefined;

  const attempt = async (): Promise<HeldLease | undefined> => {
    const started = performance.now();
    const found = await cluster.get<Lease>(ref);
    const state = standing(found, run.holder, { now: new Date(), unchangedMs: patience.unchangedMs(found) });
    if (state.kind === "held") {
      if (state.by !== behind) onWait(`waits for ${state.by}`);
      behind = state.by;
      return undefined;
    }
    const mine = taken(environment, found, run, new Date(), pace.lease / 1_000);
    if (!(await write(cluster, found, mine))) return undefined;
    return new HeldLease(cluster, ref, mine, formerOf(state), started, pace);
  };
  const check = async () => {
    try {
      return await attempt();
    } catch (error) {
      // One that has queued for an hour does not give up for one answer that did not come.
      if (behind === undefined || !(error instanceof UserError)) throw error;
      return undefined;
    }
  };
  const lock = await waitFor(check, { signal, timeoutMs, everyMs: pace.poll });
  if (lock !== undefined) return lock;
  throw gaveUp(ref, behind);
}

/**
 * Waits while anybody holds the lock of an environment, without taking it.
 * @returns whether there was anybody to wait for
 * @throws UserError when the time is over, or when the cluster cannot be asked.
 */
export async function awaitOthers(
  cluster: LeaseStore,
  environment: Environment,
  { signal, timeoutMs, onWait }: QueueOptions,
  pace: Pace = PACE,
): Promise<boolean> {
  const ref = leaseRef(environment);
  const patience = new Patience();
  let behind: string | undefined;
  const look = async (): Promise<true | undefined> => {
    const found = await cluster.get<Lease>(ref);
    const state = standing(found, NOBODY, { now: new Date(), unchangedMs: patience.unchangedMs(found) });
    if (state.kind !== "held") return true;
    if (state.by !== behind) onWait(`waits for ${state.by}`);
    behind = state.by;
    return undefined;
  };
  if (await waitFor(look, { signal, timeoutMs, everyMs: pace.poll })) return behind !== undefined;
  throw gaveUp(ref, behind);
}

/** A holder that no run is called. */
const NOBODY = "";

function gaveUp(ref: ObjectRef, behind: string | undefined): UserError {
  return new UserError({
    where: `${ref.namespace}/${ref.name}`,
    what: behind === undefined ? "the lock could not be taken in time" : `gave up waiting for ${behind}`,
    remedy: "run this again when that one has ended",
  });
}

/**
 * Asks whoever holds the lock of an environment to stop. When it has, the lock is `by`'s to take.
 * @param by the holder's name that the asker's own run goes by
 * @returns who was asked; undefined where nobody else holds the lock.
 */
export async function requestStop(
  cluster: LeaseStore,
  environment: Environment,
  by: string,
): Promise<string | undefined> {
  const ref = leaseRef(environment);
  for (let attempt = 1; ; attempt++) {
    const lease = await cluster.get<Lease>(ref);
    const holder = lease?.spec.holderIdentity;
    if (lease === undefined || holder === undefined || holder === by) return undefined;
    try {
      await cluster.patch(ref, stopRequest(holder, by));
      return describe(lease);
    } catch (error) {
      // The lock went to another between the look and the request.
      if (!(error instanceof Refused) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** How long a lease's heartbeat has stayed the same, by our own clock: no two machines' clocks are compared. */
class Patience {
  #heartbeat = "";
  #since = 0;

  unchangedMs(lease: Lease | undefined): number {
    const seen = lease === undefined ? "" : heartbeat(lease);
    if (seen !== this.#heartbeat) {
      this.#heartbeat = seen;
      this.#since = performance.now();
    }
    return performance.now() - this.#since;
  }
}

function formerOf(state: Standing): string | undefined {
  return state.kind === "expired" ? state.former : undefined;
}

/** @returns false when another was faster. */
async function write(cluster: LeaseStore, found: Lease | undefined, lease: Lease): Promise<boolean> {
  try {
    await (found === undefined ? cluster.create(lease) : cluster.replace(lease));
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.reason === "Conflict" || error.reason === "AlreadyExists") return false;
    if (error.reason !== "NotFound") throw error;
    if (found !== undefined) return false;
    throw new UserError({
      where: `namespace ${lease.metadata.namespace}`,
      what: "there is no such namespace: this environment has never been set up",
      remedy: "run pulumi up (in the sandbox: npm start) first",
    });
  }
}

class HeldLease implements ReleaseLock {
  readonly takenOver: string | undefined;
  readonly #cluster: LeaseStore;
  readonly #ref: ObjectRef;
  readonly #mine: Lease;
  readonly #pace: Pace;
  readonly #lost = new AbortController();
  readonly #asked = new AbortController();
  readonly #over = new AbortController();
  readonly #keeping: Promise<void>;
  #renewedAt = 0;
  #expiry: NodeJS.Timeout | undefined;
  #trouble: unknown;

  constructor(
    cluster: LeaseStore,
    ref: ObjectRef,
    mine: Lease,
    takenOver: string | undefined,
    takenAt: number,
    pace: Pace,
  ) {
    this.#cluster = cluster;
    this.#ref = ref;
    this.#mine = mine;
    this.takenOver = takenOver;
    this.#pace = pace;
    this.#isRenewed(takenAt);
    this.#keeping = this.#keep();
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  get asked(): AbortSignal {
    return this.#asked.signal;
  }

  async release(): Promise<void> {
    this.#over.abort();
    clearTimeout(this.#expiry);
    await this.#keeping;
    for (let attempt = 1; attempt <= ATTEMPTS && !this.lost.aborted; attempt++) {
      try {
        const found = await this.#cluster.get<Lease>(this.#ref);
        if (found !== undefined && isSame(found, this.#mine))
          await this.#cluster.replace(released(found, new Date()));
        return;
      } catch (error) {
        if (!(error instanceof Refused && error.reason === "Conflict")) return;
      }
    }
  }

  async #keep(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      await sleep(this.#pace.look, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      // Whatever goes wrong, the lease's end decides: until then the next look may go well.
      await this.#look().catch((error) => {
        this.#trouble = error;
      });
    }
  }

  async #look(): Promise<void> {
    const started = performance.now();
    const found = await this.#cluster.get<Lease>(this.#ref);
    if (found === undefined || !isSame(found, this.#mine)) return this.#lose(found);
    const asker = stopRequestedBy(found);
    if (asker !== undefined && !this.asked.aborted) {
      this.#asked.abort(new UserError({ where: this.#where(), what: `${asker} asked this run to stop` }));
    }
    if (started + this.#pace.look - this.#renewedAt < this.#pace.renew) return;
    await this.#cluster.replace(renewed(found, new Date()));
    this.#isRenewed(started);
  }

  /** @param at before the request, so that the lease never ends later for others than for us */
  #isRenewed(at: number): void {
    this.#renewedAt = at;
    clearTimeout(this.#expiry);
    if (this.#over.signal.aborted) return;
    const left = this.#pace.lease - (performance.now() - at);
    this.#expiry = setTimeout(() => this.#expire(), left).unref();
  }

  #expire(): void {
    const why = this.#trouble instanceof Error ? `: ${this.#trouble.message}` : "";
    const what = `the lock could not be renewed for ${this.#pace.lease / 1_000} s${why}`;
    this.#end(
      new UserError({ where: this.#where(), what, remedy: "run this again: it goes on where it stopped" }),
    );
  }

  #lose(found: Lease | undefined): void {
    const what =
      found?.spec.holderIdentity === undefined
        ? "somebody removed the lock of this run"
        : `the lock went to ${describe(found)}`;
    this.#end(
      new UserError({ where: this.#where(), what, remedy: "run this again when that one has ended" }),
    );
  }

  #end(reason: UserError): void {
    this.#over.abort();
    clearTimeout(this.#expiry);
    this.#lost.abort(reason);
  }

  #where(): string {
    return `${this.#ref.namespace}/${this.#ref.name}`;
  }
}
