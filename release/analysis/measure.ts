import { UserError } from "../../infra/lib/errors.ts";
import { otherSlot, SLOTS, type SlotName } from "../../infra/lib/names.ts";
import { type Prometheus, QueryRefused, type Sample } from "./prometheus.ts";
import {
  type Counter,
  checkQuery,
  counterOf,
  FIGURES,
  type Figure,
  joined,
  type Questions,
  slotQueries,
} from "./queries.ts";

/** Whose candidate is measured. */
export interface Subject extends Questions {
  readonly candidate: SlotName;
}

/** What a slot did within the window. */
export interface SlotFigures {
  readonly slot: SlotName;
  /** 0 also where Prometheus knows nothing of the slot: there is no difference that could be relied on. */
  readonly requests: number;
  readonly errors: number;
  readonly p95Seconds: number | undefined;
  /** Undefined: kube-state-metrics says nothing about the slot's pods. */
  readonly restarts: number | undefined;
}

/** Value of one of the service's own checks. */
export interface CheckValue {
  readonly name: string;
  readonly value: number | undefined;
}

/** One look at both slots. */
export interface Measurement {
  readonly windowSeconds: number;
  readonly countedBy: Counter;
  readonly candidate: SlotFigures;
  readonly active: SlotFigures;
  readonly checks: readonly CheckValue[];
}

/**
 * Both slots over the last seconds: one request to Prometheus, and a second one where the service has checks of its own.
 * @throws PrometheusUnavailable, or UserError for a query of the catalogue that is wrong.
 */
export async function measure(
  prometheus: Prometheus,
  subject: Subject,
  windowSeconds: number,
): Promise<Measurement> {
  const [samples, checks] = await Promise.all([
    slotSamples(prometheus, subject, slotQueries(subject, windowSeconds)),
    checkValues(prometheus, subject, windowSeconds),
  ]);
  return {
    windowSeconds,
    countedBy: counterOf(subject),
    candidate: figuresOf(samples, subject.candidate),
    active: figuresOf(samples, otherSlot(subject.candidate)),
    checks,
  };
}

/** What users of a slot see just now. */
export interface LiveFigures {
  readonly requestsPerSecond: number;
  /** Share of failed requests, 0 to 1; undefined without requests. */
  readonly errorRatio: number | undefined;
}

/**
 * Requests and errors of both slots over the last seconds, for a live view.
 * @throws PrometheusUnavailable
 */
export async function liveFigures(
  prometheus: Prometheus,
  questions: Questions,
  windowSeconds: number,
): Promise<Readonly<Record<SlotName, LiveFigures>>> {
  const { requests, errors } = slotQueries(questions, windowSeconds);
  const samples = await slotSamples(prometheus, questions, { requests, errors });
  const [blue, green] = SLOTS.map((slot) => live(figuresOf(samples, slot), windowSeconds)) as [
    LiveFigures,
    LiveFigures,
  ];
  return { blue, green };
}

function live({ requests, errors }: SlotFigures, windowSeconds: number): LiveFigures {
  return {
    requestsPerSecond: requests / windowSeconds,
    errorRatio: requests === 0 ? undefined : errors / requests,
  };
}

async function slotSamples(
  prometheus: Prometheus,
  { service }: Questions,
  queries: Partial<Record<Figure, string>>,
): Promise<readonly Sample[]> {
  try {
    return await prometheus.query(joined(queries as Record<string, string>));
  } catch (error) {
    if (!(error instanceof QueryRefused)) throw error;
    throw new UserError({
      where: `infra/services: ${service.name}.signals`,
      what: `Prometheus refuses the query made from it: ${error.message}`,
      remedy: "check the names and patterns there",
    });
  }
}

function figuresOf(samples: readonly Sample[], slot: SlotName): SlotFigures {
  const [requests, errors, p95Seconds, restarts] = FIGURES.map(
    (figure) => samples.find(({ labels }) => labels.figure === figure && labels.slot === slot)?.value,
  );
  return { slot, requests: requests ?? 0, errors: errors ?? 0, p95Seconds, restarts };
}

async function checkValues(
  prometheus: Prometheus,
  { service, candidate }: Subject,
  windowSeconds: number,
): Promise<CheckValue[]> {
  const queries = service.checks.map(
    (check) => [check.name, checkQuery(check, service, candidate, windowSeconds)] as const,
  );
  if (queries.length === 0) return [];
  const samples = await allOrEach(prometheus, service.name, queries);
  return queries.map(([name]) => {
    const own = samples.filter(({ labels }) => labels.figure === name);
    if (own.length > 1) {
      throw checkFault(service.name, name, `gives ${own.length} values`, "make it one, with sum() or max()");
    }
    return { name, value: own[0]?.value };
  });
}

/** Asks for all in one request; when Prometheus refuses that, each by itself, to say which one is wrong. */
async function allOrEach(
  prometheus: Prometheus,
  service: string,
  queries: readonly (readonly [name: string, query: string])[],
): Promise<readonly Sample[]> {
  try {
    return await prometheus.query(joined(Object.fromEntries(queries)));
  } catch (error) {
    if (!(error instanceof QueryRefused)) throw error;
  }
  const each: Sample[] = [];
  for (const [name, query] of queries) {
    try {
      each.push(...(await prometheus.query(joined({ [name]: query }))));
    } catch (error) {
      if (!(error instanceof QueryRefused)) throw error;
      throw checkFault(service, name, `is refused by Prometheus: ${error.message}`, "try it in Prometheus");
    }
  }
  return each;
}

function checkFault(service: string, check: string, what: string, remedy: string): UserError {
  return new UserError({ where: `infra/services: ${service}.checks "${check}"`, what, remedy });
}
