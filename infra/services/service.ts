import { z } from "zod";
import { autoscale } from "../config/schema/services.ts";
import {
  duration,
  name,
  percent,
  port,
  resources,
  urlPath,
  variable,
  variables,
} from "../config/schema/values.ts";
import { toSeconds } from "../lib/duration.ts";
import { NONROOT } from "../lib/hardening.ts";
import { checks, signals } from "./signals.ts";

const probes = z.strictObject({
  /** Answers 200 when the pod can take requests. */
  readiness: urlPath,
  /** Answers 200 while the process is worth keeping; must not look at other systems. */
  liveness: urlPath,
  /** How long a pod may take from its start to its first good answer. */
  startup: duration,
  /** Time between two questions, and how long an answer may take. */
  interval: duration,
  /** How long a pod must stay ready before a rollout counts on it. */
  settle: duration,
});

const shutdown = z
  .strictObject({
    /** Time between "leave the endpoints" and SIGTERM, so that no new request comes after it. */
    preStop: duration,
    /** From the start of preStop to SIGKILL. */
    grace: duration,
  })
  .refine(({ preStop, grace }) => toSeconds(grace) > toSeconds(preStop), {
    error: "grace includes preStop, so it must be longer",
    path: ["grace"],
  });

/** Variables of every pod that Slipway sets itself; the last two only a migration has. */
export const OWN_VARIABLES = ["SLOT", "RELEASE", "SCHEMA_MIN", "SCHEMA_MAX"];

/** A regular expression, as text. */
const pattern = z.string().superRefine((text, context) => {
  try {
    new RegExp(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
  }
});

const smokeCheck = z.strictObject({
  /** What it shows: "health", "login flow", "critical function", "data integrity". */
  name: z.string().min(1),
  /** Path of the request; may have a query. */
  path: z.string().regex(/^\/[^\s#]*$/, { error: 'write a path such as "/health" or "/search?q=x"' }),
  /** Sent as a POST; without it the request is a GET. No secrets: what a stranger may send. */
  json: z.json().optional(),
  expect: z
    .strictObject({
      /** Status of the answer. Redirects are not followed. */
      status: z.int().min(100).max(599).default(200),
      /** Regular expression that the answer's body must match; `^` and `$` stand for the ends of a line. */
      body: pattern.optional(),
    })
    .default({ status: 200 }),
});

const smoke = z
  .array(smokeCheck)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, {
    error: "two checks have the same name",
  });

/**
 * Brings the database to a schema that the release works with, before its pods start. Runs in the release's own image,
 * with the service's variables, and SCHEMA_MIN and SCHEMA_MAX: exits with 0 when the schema's version lies within that
 * range, whether it had anything to do or not, and with something else otherwise. May be started again after it was cut
 * short. Slipway never undoes it: a release goes back only where the schema ranges allow it.
 */
const migration = z.strictObject({
  /** Program and arguments. */
  command: z.array(z.string().min(1)).min(1),
  /** How long it may take. */
  timeout: duration,
  /**
   * Program and arguments that print the version of the database's schema, a whole number, as their last line. Started
   * beside the service in its running pods. Without it a release goes by the declared ranges alone.
   */
  version: z.array(z.string().min(1)).min(1).optional(),
});

/** What a service is, whatever the environment. Sizes and names of one environment come from the stack file. */
export const service = z
  .strictObject({
    name,
    /** The system it belongs to; gives the namespace. */
    system: name,
    /**
     * `http`: the gateway shares requests between the slots. `tcp`: a Service of its own name sends all connections to one
     * of them, for callers inside of the cluster; probes and metrics are HTTP there, too.
     */
    kind: z.enum(["http", "tcp"]),
    /** Team that answers for it. */
    owner: z.string().min(1),
    /** Last part of the repository that its images come from, in any registry. */
    image: name,
    port,
    probes,
    /** Where Prometheus finds its metrics, on the service's port. */
    metrics: urlPath,
    signals,
    checks: checks.default([]),
    /** Tried in the candidate, through its slot's Service, before its share of the traffic grows. @default readiness */
    smoke: smoke.default([]),
    migration: migration.optional(),
    /** Pods per slot where the stack file says nothing. */
    replicas: z.int().min(1),
    /** Instead of `replicas`, where the cluster measures its pods (metrics-server). */
    autoscale: autoscale.optional(),
    resources,
    /** Pods of a slot that a node drain may take at once. */
    disruption: z.strictObject({ maxUnavailable: z.int().min(1) }),
    shutdown,
    /** Plain environment variables. */
    config: variables.default({}),
    /** Environment variables that come from secrets of the stack. */
    secrets: z.array(variable).default([]),
    /** Instead of variables they may be files in /run/secrets, each of its variable's name: no process inherits them. */
    secretsAs: z.enum(["variables", "files"]).default("variables"),
    /** Services of the same system that it calls. */
    calls: z.array(name).default([]),
    /** Folders that it writes to; everything else is read-only. */
    scratch: z.array(urlPath).default([]),
    /** User id that its image runs as. */
    user: z.int().min(1).default(NONROOT),
    /** Weights of a candidate on its way to all of the traffic. */
    steps: z
      .array(z.int().min(1).max(100))
      .min(1)
      .refine((steps) => steps.every((step, index) => step > (steps[index - 1] ?? 0)), {
        error: "steps must rise",
      })
      .refine((steps) => steps.at(-1) === 100, { error: "the last step must be 100" }),
    objectives: z.strictObject({
      /** Share of requests that do not fail. */
      availability: percent,
      latency: z.strictObject({ p95: duration }),
    }),
  })
  .refine(({ kind, steps }) => kind === "http" || steps.length === 1, {
    error: "connections are not shared between slots: write [100]",
    path: ["steps"],
  });

/** A catalogue entry as it is written. */
export type ServiceDefinition = z.input<typeof service>;
/** A catalogue entry with its units read. */
export type Service = z.output<typeof service>;
export type SmokeCheck = Service["smoke"][number];
