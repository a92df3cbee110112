import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../infra/lib/errors.ts";
import { checkStackFile } from "../infra/stack.ts";
import type { Check, Finding } from "../machine/check.ts";
import { type Paths, paths as userPaths } from "../machine/paths.ts";
import { REPOSITORY, stackFileName } from "../machine/repository.ts";
import { clusterCheck } from "./cluster.ts";
import { githubCheck } from "./github.ts";
import { machineChecks, toolChecks } from "./machine.ts";

/** Everything that must be right for a stack: the machine, the tools, its file, its cluster, GitHub. */
export async function doctorChecks(stack: string, paths: Paths = userPaths()): Promise<Check[]> {
  return [
    ...machineChecks(paths),
    ...(await toolChecks(paths)),
    stackFileCheck(stack),
    clusterCheck(stack, paths),
    githubCheck(),
  ];
}

function stackFileCheck(stack: string): Check {
  return { area: "stack file", title: stackFileName(stack), run: () => stackFileFinding(stack) };
}

async function stackFileFinding(stack: string): Promise<Finding> {
  const file = stackFileName(stack);
  const text = await readFile(join(REPOSITORY, file), "utf8").catch(() => undefined);
  if (text === undefined)
    return { status: "fail", detail: "there is no such file", remedy: "slipway config check" };
  try {
    const { environment } = checkStackFile(text, file);
    return { status: "ok", detail: `right for environment ${environment}` };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const remedy = `slipway config check --stack ${stack} shows each with its remedy`;
    return {
      status: "fail",
      detail: `${error.faults.length} faults, the first: ${error.faults[0]?.what}`,
      remedy,
    };
  }
}
