import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import type { RawConfig } from "../../infra/config/parse.ts";

/** A resource as the program asked the engine for it. */
export interface Recorded {
  readonly type: string;
  readonly name: string;
  /** `type name` of the parent; undefined for the stack itself. */
  readonly parent: string | undefined;
  /** Logical name of the provider; undefined for components and where none was given. */
  readonly provider: string | undefined;
  readonly protect: boolean;
  /** `type name` of everything that must exist first. */
  readonly dependsOn: readonly string[];
  readonly ignoreChanges: readonly string[];
  /** As they went over the wire: secrets and unknowns still wrapped. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** What a program did in one run. */
export interface Run {
  /** Sorted by type and name, without the stack itself. */
  readonly resources: readonly Recorded[];
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** How a program is run. */
export interface RunOptions {
  readonly config: RawConfig;
  /** Full keys and values of the secrets. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly preview?: boolean;
}

const TIMEOUT_MS = 15_000;

/**
 * Runs a program without an engine and records every resource, also those made late in `apply`.
 * @throws whatever the program throws; or Error when it does not come to rest.
 */
export async function runProgram(program: () => unknown, options: RunOptions): Promise<Run> {
  const { config, secrets = {}, preview = false } = options;
  const monitor = new RecordingMonitor(preview);
  await pulumi.runtime.setMocks(mocks(preview), "slipway", config.stack, preview);
  pulumi.runtime.setMockOptions(monitor, "slipway", config.stack, preview);
  pulumi.runtime.setAllConfig({ ...encode(config.values), ...secrets }, Object.keys(secrets));

  // The SDK would report a failing program a dozen times, as rejections that nobody handles.
  let failure: { readonly error: unknown } | undefined;
  const guarded = async () => {
    try {
      return await program();
    } catch (error) {
      failure = { error };
      return {};
    }
  };
  const outputs = await inTime(pulumi.runtime.runInPulumiStack(guarded));
  await inTime(drain(() => monitor.recorded.length));
  if (failure !== undefined) throw failure.error;
  return { resources: inOrder(monitor.recorded), outputs: (outputs ?? {}) as Record<string, unknown> };
}

/** The one resource of that type and name. */
export function find(run: Run, type: string, name: string): Recorded {
  const found = run.resources.filter((resource) => resource.type === type && resource.name === name);
  if (found.length !== 1 || found[0] === undefined) {
    throw new Error(
      `${found.length} resources are ${type} ${name}; there are ${run.resources.map(idOf).join(", ")}`,
    );
  }
  return found[0];
}

/** `type name`, by which tests and golden files know a resource. */
export function idOf({ type, name }: { type: string; name: string }): string {
  return `${type} ${name}`;
}

class RecordingMonitor extends MockMonitor {
  readonly recorded: Recorded[] = [];

  constructor(preview: boolean) {
    super(mocks(preview));
  }

  override registerResource(request: RegisterResourceRequest, callback: Callback): Promise<void> {
    if (request.getType() !== "pulumi:pulumi:Stack") this.recorded.push(recordedFrom(request));
    return super.registerResource(request, callback);
  }
}

type Callback = Parameters<MockMonitor["registerResource"]>[1];

/** A registration as it came over the wire. */
export function recordedFrom(request: RegisterResourceRequest): Recorded {
  return {
    type: request.getType(),
    name: request.getName(),
    parent: request.getParent() === "" ? undefined : idOfUrn(request.getParent()),
    // A provider reference is its URN and, behind "::", its id.
    provider: request.getProvider() === "" ? undefined : request.getProvider().split("::").at(-2),
    protect: request.getProtect() ?? false,
    dependsOn: request.getDependenciesList().map(idOfUrn).sort(),
    ignoreChanges: request.getIgnorechangesList(),
    inputs: (request.getObject()?.toJavaScript() ?? {}) as Record<string, unknown>,
  };
}

function idOfUrn(urn: string): string {
  const [, , types = "", name = ""] = urn.replace("urn:pulumi:", "").split("::");
  return `${types.split("$").at(-1)} ${name}`;
}

/** Objects come back as the cluster would give them: with a name, which a preview does not know yet. */
function mocks(preview: boolean): pulumi.runtime.Mocks {
  return {
    call: ({ token }) => {
      throw new Error(`the program calls ${token}: data from outside makes previews depend on it`);
    },
    newResource: ({ name, inputs }) => ({
      id: preview ? "" : `${name}-id`,
      state: {
        ...inputs,
        ...(inputs.metadata === undefined ? {} : { metadata: named(name, inputs.metadata, preview) }),
      },
    }),
  };
}

function named(name: string, metadata: Record<string, unknown>, preview: boolean) {
  return { name: preview ? pulumi.runtime.unknownValue : `${name}-0a1b2c3d`, ...metadata };
}

/** Configuration as the engine hands it to a program: text, structured values as JSON. */
export function encode(values: RawConfig["values"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      typeof value === "object" ? JSON.stringify(value) : String(value),
    ]),
  );
}

/** Registrations go on after the program has returned; it is at rest when a full turn adds none. */
async function drain(count: () => number): Promise<void> {
  let before = -1;
  while (before !== count()) {
    before = count();
    await pulumi.runtime.disconnect();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error("the program does not come to rest: an unknown is awaited")),
      TIMEOUT_MS,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function inOrder(resources: readonly Recorded[]): Recorded[] {
  const ids = resources.map(idOf);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (twice.length > 0) throw new Error(`recorded twice: ${twice.join(", ")}`);
  return [...resources].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
}
