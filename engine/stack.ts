import {
  ConcurrentUpdateError,
  type EngineEvent,
  LocalWorkspace,
  type OpMap,
  type OutputMap,
  PulumiCommand,
  Stack,
} from "@pulumi/pulumi/automation/index.js";
import { UserError } from "../infra/lib/errors.ts";
import type { Paths } from "../machine/paths.ts";
import type { StepContext } from "../machine/steps.ts";
import { removeDeadLocks } from "./lock.ts";

/** A stack of a Pulumi project on this machine. */
export interface StackPlace {
  /** Folder with Pulumi.yaml and Pulumi.<stack>.yaml. */
  readonly folder: string;
  readonly stack: string;
  /** Environment of the engine; see `engineEnvironment`. */
  readonly env: Record<string, string>;
}

/** What an operation did: number of resources per kind of change, and the stack's outputs. */
export interface Outcome {
  readonly changes: OpMap;
  readonly outputs: OutputMap;
}

/**
 * Opens a stack, making it where it does not exist yet. A lock that a killed engine of this machine left is removed,
 * so that the next operation goes on where that one stopped.
 */
export async function openStack(paths: Paths, { folder, stack, env }: StackPlace): Promise<Stack> {
  const pulumiCommand = await PulumiCommand.get({ root: paths.root });
  const workspace = await LocalWorkspace.create({
    workDir: folder,
    pulumiHome: paths.pulumiHome,
    pulumiCommand,
    envVars: env,
  });
  const { name } = await workspace.projectSettings();
  await removeDeadLocks(env.PULUMI_BACKEND_URL ?? "", name, stack);
  return Stack.createOrSelect(stack, workspace);
}

/** Whether an operation failed because another engine works on the stack. */
export function isBusy(error: unknown): boolean {
  const cause = error instanceof UserError ? error.cause : error;
  return cause instanceof ConcurrentUpdateError;
}

/**
 * Brings a stack to what its program declares.
 * @throws UserError with the engine's own error messages; the state then holds what was done so far.
 */
export async function up(stack: Stack, context: StepContext): Promise<Outcome> {
  const watch = new Watch(context);
  return watch.explain(`pulumi up --stack ${stack.name}`, async () => {
    const { summary, outputs } = await stack.up({
      onEvent: watch.onEvent,
      signal: context.signal,
      suppressProgress: true,
    });
    return { changes: summary.resourceChanges ?? {}, outputs };
  });
}

/** What `up` would change. Nothing is touched. */
export async function preview(stack: Stack, context: StepContext): Promise<OpMap> {
  const watch = new Watch(context);
  return watch.explain(`pulumi preview --stack ${stack.name}`, async () => {
    const { changeSummary } = await stack.preview({
      onEvent: watch.onEvent,
      signal: context.signal,
      suppressProgress: true,
    });
    return changeSummary;
  });
}

/** Removes all resources of a stack, and then the stack itself. */
export async function destroy(stack: Stack, context: StepContext): Promise<void> {
  const watch = new Watch(context);
  await watch.explain(`pulumi destroy --stack ${stack.name}`, async () => {
    await stack.destroy({ onEvent: watch.onEvent, signal: context.signal, suppressProgress: true });
    await stack.workspace.removeStack(stack.name, { preserveConfig: true });
  });
}

/** Follows an operation: its progress for the display, its errors for the report. */
class Watch {
  readonly #context: StepContext;
  readonly #errors: string[] = [];
  #done = 0;

  constructor(context: StepContext) {
    this.#context = context;
  }

  readonly onEvent = (event: EngineEvent): void => {
    const { diagnosticEvent, resOutputsEvent, resourcePreEvent } = event;
    if (diagnosticEvent?.severity === "error") this.#errors.push(plain(diagnosticEvent.message));
    if (resourcePreEvent !== undefined && resourcePreEvent.metadata.op !== "same") {
      this.#context.report(
        `${this.#done} done; ${resourcePreEvent.metadata.op} ${shortName(resourcePreEvent.metadata.urn)}`,
      );
    }
    if (resOutputsEvent !== undefined) this.#done += 1;
  };

  async explain<T>(command: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (this.#context.signal.aborted || this.#errors.length === 0) throw error;
      throw new UserError(
        this.#errors.map((what) => ({ what, where: command })),
        { cause: error },
      );
    }
  }
}

/** The engine marks colours in its messages: `<{%reset%}>`. */
function plain(message: string): string {
  return message.replaceAll(/<\{%[a-z0-9 ]*%\}>/g, "").trim();
}

/** `urn:pulumi:sandbox::slipway::kubernetes:core/v1:Service::demo-blue` -> `Service demo-blue`. */
function shortName(urn: string): string {
  const [type = "", name = ""] = urn.split("::").slice(-2);
  return `${type.split(":").at(-1)} ${name}`;
}
