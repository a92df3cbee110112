import type { DeliveryConfig } from "../../infra/config/schema/delivery.ts";
import { UserError } from "../../infra/lib/errors.ts";
import { type Environment, namespaceOf } from "../../infra/lib/names.ts";
import { PROMETHEUS, PROMETHEUS_PORT } from "../../infra/monitoring/model/identity.ts";
import { type Cluster, Refused } from "../cluster.ts";

/** One element of a query's result. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Prometheus as the analysis asks it. */
export interface Prometheus {
  /**
   * The result of an instant query, as of now. What is not a number is left out: nothing is known there.
   * @throws PrometheusUnavailable, or QueryRefused when it answered that the query is wrong.
   */
  query(promql: string): Promise<readonly Sample[]>;
}

/** Prometheus gave no answer; the message says why. */
export class PrometheusUnavailable extends Error {
  override readonly name = "PrometheusUnavailable";
}

/** Prometheus does not take the query; the message is Prometheus' own where that is known. */
export class QueryRefused extends Error {
  override readonly name = "QueryRefused";
}

const TIMEOUT_MS = 10_000;

/** The stack's Prometheus: at the address that the stack file gives, else through the API server. */
export function stackPrometheus(
  { prometheus }: Pick<DeliveryConfig, "prometheus">,
  cluster: Pick<Cluster, "raw">,
  environment: Environment,
): Prometheus {
  return prometheus === undefined ? clusterPrometheus(cluster, environment) : urlPrometheus(prometheus);
}

/** The environment's Prometheus, through the API server: works wherever kubectl does. */
export function clusterPrometheus(cluster: Pick<Cluster, "raw">, environment: Environment): Prometheus {
  const namespace = namespaceOf("monitoring", environment);
  const service = `/api/v1/namespaces/${namespace}/services/${PROMETHEUS}:${PROMETHEUS_PORT}`;
  return {
    query: async (promql) => {
      const path = `${service}/proxy/api/v1/query?query=${encodeURIComponent(promql)}`;
      return samples(await cluster.raw(path, TIMEOUT_MS).catch(explain));
    },
  };
}

/** The API server keeps the body of a refusal to itself. */
const WRONG_QUERY = ["BadRequest", "Invalid"];

function explain(error: unknown): never {
  if (error instanceof Refused && WRONG_QUERY.includes(error.reason)) {
    throw new QueryRefused("it is no PromQL, or not for these series");
  }
  if (error instanceof Refused || error instanceof UserError) {
    throw new PrometheusUnavailable(error.message, { cause: error });
  }
  throw error;
}

/** A Prometheus at an address. */
export function urlPrometheus(address: string): Prometheus {
  const url = new URL("api/v1/query", address.endsWith("/") ? address : `${address}/`);
  return {
    query: async (promql) => {
      const { status, text } = await post(url, new URLSearchParams({ query: promql }));
      if (status === 400 || status === 422) throw new QueryRefused(reasonIn(text));
      if (status !== 200) throw new PrometheusUnavailable(`${url.host}: HTTP ${status}`);
      return samples(text);
    },
  };
}

async function post(url: URL, body: URLSearchParams): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, { method: "POST", body, signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    throw new PrometheusUnavailable(`${url.host}: ${networkReason(error)}`, { cause: error });
  }
}

/** Never the message itself: it may repeat the address with everything in it. */
function networkReason(error: unknown): string {
  const { name, cause } = error as Error & { cause?: { code?: string } };
  if (name === "TimeoutError") return `no answer within ${TIMEOUT_MS / 1_000} s`;
  return cause?.code ?? name;
}

function reasonIn(text: string): string {
  const { error } = parse(text) as { error?: string };
  return error ?? "no reason given";
}

interface Answer {
  readonly data?:
    | {
        readonly resultType: "vector";
        readonly result: readonly { metric: Sample["labels"]; value: Value }[];
      }
    | { readonly resultType: "scalar"; readonly result: Value };
}

/** Time and value. */
type Value = readonly [number, string];

function samples(text: string): Sample[] {
  const { data } = parse(text) as Answer;
  switch (data?.resultType) {
    case "vector":
      return data.result
        .map(({ metric, value }) => ({ labels: metric, value: numberOf(value) }))
        .filter(({ value }) => !Number.isNaN(value));
    case "scalar":
      return [{ labels: {}, value: numberOf(data.result) }].filter(({ value }) => !Number.isNaN(value));
    default:
      throw new PrometheusUnavailable("what answers is not Prometheus");
  }
}

function numberOf([, text]: Value): number {
  return Number(text.replace("Inf", "Infinity"));
}

function parse(text: string): object {
  try {
    return Object(JSON.parse(text)) as object;
  } catch {
    throw new PrometheusUnavailable("what answers is not Prometheus");
  }
}
