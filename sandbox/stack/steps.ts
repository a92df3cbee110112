import { request } from "node:http";
import type { OutputMap } from "@pulumi/pulumi/automation/index.js";
import { type Outcome, openStack, up } from "../../engine/stack.ts";
import { UserError } from "../../infra/lib/errors.ts";
import { type Paths, paths as userPaths } from "../../machine/paths.ts";
import type { Step } from "../../machine/steps.ts";
import { waitFor } from "../../machine/wait.ts";
import type { Target } from "../home.ts";
import { PORTS } from "../ports.ts";
import { machineFacts } from "./facts.ts";
import { stackPlace } from "./place.ts";
import { writeProject } from "./project.ts";

/** How long the first answer may take after `up`, in milliseconds: routes reach the gateway within a second. */
const ANSWER_MS = 30_000;

/** URLs by service, as the program's output `urls` has them. */
export type Urls = Readonly<Record<string, readonly string[]>>;

/** The steps that bring the stack `sandbox` up on a running cluster. `onUrls` gets where things are served. */
export function stackSteps(target: Target, onUrls: (urls: Urls) => void, paths: Paths = userPaths()): Step[] {
  let urls: Urls = {};
  const keep = (found: Urls) => {
    urls = found;
    onUrls(found);
  };
  const steps = [fileStep(target, paths), upStep(target, keep, paths)];
  return target.cluster === "existing" ? steps : [...steps, answerStep(() => urls)];
}

function fileStep(target: Target, paths: Paths): Step {
  return {
    title: "Stack file",
    run: async () => {
      await writeProject(await machineFacts("sandbox", target, paths), target, paths);
      return stackPlace("sandbox", target, paths).folder;
    },
  };
}

function upStep(target: Target, onUrls: (urls: Urls) => void, paths: Paths): Step {
  return {
    title: "pulumi up",
    run: async (context) => {
      const outcome = await up(await openStack(paths, stackPlace("sandbox", target, paths)), context);
      onUrls(urlsOf(outcome.outputs));
      return describe(outcome);
    },
  };
}

function answerStep(urls: () => Urls): Step {
  return {
    title: "First answers",
    run: async ({ report, signal }) => {
      for (const url of Object.values(urls()).flat()) {
        report(url);
        const answered = await waitFor(async () => (await answers(url)) || undefined, {
          signal,
          timeoutMs: ANSWER_MS,
        });
        if (answered === undefined) throw noAnswer(url);
      }
      return `${Object.keys(urls()).join(", ")} answer`;
    },
  };
}

function urlsOf(outputs: OutputMap): Urls {
  return (outputs.urls?.value ?? {}) as Urls;
}

/** `45 same` or `3 create, 42 same`. */
export function describe({ changes }: Pick<Outcome, "changes">): string {
  return Object.entries(changes)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(", ");
}

function noAnswer(url: string): UserError {
  return new UserError({
    what: `no good answer within ${ANSWER_MS / 1_000} s, although everything is up`,
    where: url,
    remedy: "slipway sandbox status; then kubectl describe httproute --all-namespaces",
  });
}

/** Asks the gateway on this machine for a host name, whatever resolves it. */
function answers(url: string): Promise<boolean> {
  const { hostname } = new URL(url);
  return new Promise((resolve) => {
    const call = request({
      host: "127.0.0.1",
      port: PORTS.gateway,
      path: "/",
      headers: { host: hostname },
      timeout: 2_000,
    });
    call.on("response", (response) => {
      response.resume();
      resolve((response.statusCode ?? 500) < 400);
    });
    call.on("timeout", () => call.destroy()).on("error", () => resolve(false));
    call.end();
  });
}
