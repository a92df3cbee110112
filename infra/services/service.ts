import { z } from "zod";
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

/** What a service is, whatever the environment. Sizes and names of one environment come from the stack file. */
export const service = z.strictObject({
  name,
  /** The system it belongs to; gives the namespace. */
  system: name,
  /** Serves HTTP through the gateway. */
  kind: z.literal("http"),
  /** Team that answers for it. */
  owner: z.string().min(1),
  /** Last part of the repository that its images come from, in any registry. */
  image: name,
  port,
  probes,
  /** Where Prometheus finds its metrics, on the service's port. */
  metrics: urlPath,
  /** Pods per slot where the stack file says nothing. */
  replicas: z.int().min(1),
  resources,
  /** Pods of a slot that a node drain may take at once. */
  disruption: z.strictObject({ maxUnavailable: z.int().min(1) }),
  shutdown,
  /** Plain environment variables. */
  config: variables.default({}),
  /** Environment variables that come from secrets of the stack. */
  secrets: z.array(variable).default([]),
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
});

/** A catalogue entry as it is written. */
export type ServiceDefinition = z.input<typeof service>;
/** A catalogue entry with its units read. */
export type Service = z.output<typeof service>;
