import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Duration, toSeconds } from "../../lib/duration.ts";
import { containerSecurity, NONROOT, podSecurity } from "../../lib/hardening.ts";
import { appSelector, labels } from "../../lib/labels.ts";
import type { ResolvedService } from "../../services/resolve.ts";
import { container, type Made, pod, type Variable } from "./deployment.ts";
import { SERVICE_PORT, slotName } from "./manifests.ts";
import type { SlotState, SmokeTest } from "./plan.ts";
import { smokeApp, smokeChecks } from "./smoke.ts";

/** The smoke test's program, run by `node --eval` in a pod of its own. */
const RUNNER = readFileSync(new URL("./smoke-runner.js", import.meta.url), "utf8");

/** How long a check may take, and how long a connection may be refused until the cluster has learned of new pods. */
const LIMITS = { timeoutMs: 10_000, patienceMs: 20_000 };

/** Time to pull the runner's image onto a node that does not have it, in seconds. */
const PULL_SECONDS = 240;

/** A Job's pod that is taken away by a node drain starts again elsewhere; one that fails has failed. */
const ONE_TRY = {
  backoffLimit: 0,
  podFailurePolicy: {
    rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }],
  },
};

/** How long the engine waits beyond a Job's own deadline: the Job's end has to reach it. */
const GRACE_MS = 60_000;

/**
 * The Job that tries a candidate through its slot's Service, before traffic moves. Its name has the release and the step,
 * so that each gets a run of its own; a failed one is run again by the engine's next run.
 */
export function smokeJob(service: ResolvedService, { slot, release, step }: SmokeTest, image: string) {
  const own = labels({
    name: smokeApp(service.name),
    component: "smoke-test",
    partOf: service.system,
    environment: service.environment,
    slot,
    version: release,
  });
  const suite = {
    release,
    slot,
    step,
    target: `http://${slotName(service.name, slot)}:${SERVICE_PORT}`,
    ...LIMITS,
    checks: smokeChecks(service),
  };
  return {
    metadata: {
      name: smokeJobName(service.name, { release, step }),
      labels: own,
      annotations: { "pulumi.com/replaceUnready": "true" },
    },
    spec: {
      ...ONE_TRY,
      activeDeadlineSeconds: toSeconds(smokeDeadline(service)),
      template: {
        metadata: { labels: { ...own, ...appSelector(smokeApp(service.name)) } },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: podSecurity(NONROOT),
          restartPolicy: "Never",
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: "smoke",
              image,
              imagePullPolicy: "IfNotPresent",
              command: ["node", "--input-type=module", "--eval", RUNNER],
              env: [{ name: "SMOKE", value: JSON.stringify(suite) }],
              securityContext: containerSecurity(),
              terminationMessagePolicy: "FallbackToLogsOnError",
            },
          ],
        },
      },
    },
  };
}

/** Name of the Job that tries a release for a step. */
export function smokeJobName(
  service: string,
  { release, step }: Pick<SmokeTest, "release" | "step">,
): string {
  return jobName(smokeApp(service), release, step);
}

/** How long a smoke test may take altogether. */
function smokeDeadline(service: ResolvedService): Duration {
  const checks = smokeChecks(service).length * LIMITS.timeoutMs;
  return { milliseconds: PULL_SECONDS * 1_000 + LIMITS.patienceMs + checks };
}

/** How long the engine waits for a smoke test. */
export function smokeTimeout(service: ResolvedService): Duration {
  return { milliseconds: smokeDeadline(service).milliseconds + GRACE_MS };
}

/**
 * The Job that brings the database's schema to where the candidate needs it, before its pods start; undefined where there
 * is nothing to do. It runs once for each release: an unchanged Job is left alone.
 */
export function migrationJob<Text>(service: ResolvedService, state: SlotState, made: Made<Text>) {
  const { migration } = service;
  const { migratesTo, release } = state;
  if (migration === undefined || migratesTo === undefined || release === undefined) return undefined;
  const own = labels({
    name: service.name,
    component: "migration",
    partOf: service.system,
    environment: service.environment,
    slot: state.slot,
    version: release,
  });
  const image = container(service, state, made);
  const range: Variable[] = [
    { name: "SCHEMA_MIN", value: String(migratesTo.min) },
    { name: "SCHEMA_MAX", value: String(migratesTo.max) },
  ];
  return {
    metadata: { name: jobName(`${service.name}-migration`, release), labels: own },
    spec: {
      ...ONE_TRY,
      activeDeadlineSeconds: toSeconds(migration.timeout),
      template: {
        // The service's own way to its database is open to it; without the label `slot` no Service takes it for a server.
        metadata: { labels: { ...own, ...appSelector(service.name) } },
        spec: {
          ...pod(service, made),
          restartPolicy: "Never",
          containers: [{ ...image, command: migration.command, env: [...image.env, ...range] }],
        },
      },
    },
  };
}

/** How long the engine waits for a migration. */
export function migrationTimeout({ migration }: ResolvedService): Duration {
  return { milliseconds: (migration?.timeout.milliseconds ?? 0) + GRACE_MS };
}

/** Longest name of a Job: its pods carry it as a label. */
const MAX_NAME = 63;

/** A name made of parts, cut and made unique again where it would be too long. */
function jobName(...parts: readonly (string | number)[]): string {
  const whole = parts.join("-");
  if (whole.length <= MAX_NAME) return whole;
  const digest = createHash("sha256").update(whole).digest("hex").slice(0, 8);
  return `${whole.slice(0, MAX_NAME - digest.length - 1).replace(/[.-]+$/, "")}-${digest}`;
}
