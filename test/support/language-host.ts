import { fileURLToPath } from "node:url";
import { Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import engineService from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine from "@pulumi/pulumi/proto/engine_pb.js";
import monitorService from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import resource from "@pulumi/pulumi/proto/resource_pb.js";
import { execa } from "execa";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { encode, type Recorded, type RunOptions, recordedFrom } from "./engine.ts";

/** What the real runtime did with the program. */
export interface ProcessRun {
  readonly exitCode: number;
  /** In the order of their arrival, the stack itself included. */
  readonly resources: readonly Recorded[];
  /** What the program told the engine to show. */
  readonly log: readonly string[];
}

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const RUN = fileURLToPath(import.meta.resolve("@pulumi/pulumi/cmd/run/index.js"));

/**
 * Runs the program as the engine's language host does: in a process of its own, found by package.json, its TypeScript
 * read by Node itself, talking to an engine over the wire. The engine is a stand-in that agrees to everything.
 */
export async function runInProcess({
  config,
  secrets = {},
  preview = false,
}: RunOptions): Promise<ProcessRun> {
  const seen = { resources: [] as Recorded[], log: [] as string[] };
  const server = new Server();
  server.addService(monitorService.ResourceMonitorService, monitor(config.stack, seen.resources));
  server.addService(engineService.EngineService, hostApi(seen.log));
  const address = `127.0.0.1:${await listen(server)}`;
  const program = [
    "--project",
    "slipway",
    "--stack",
    config.stack,
    "--root-directory",
    REPOSITORY,
    "--pwd",
    REPOSITORY,
  ];
  const mode = preview ? ["--dry-run"] : [];
  const result = await execa(
    process.execPath,
    [RUN, "--monitor", address, "--engine", address, ...program, ...mode, "--parallel", "16", "."],
    {
      cwd: REPOSITORY,
      env: {
        PULUMI_CONFIG: JSON.stringify({ ...encode(config.values), ...secrets }),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(Object.keys(secrets)),
      },
      reject: false,
    },
  );
  server.forceShutdown();
  return { exitCode: result.exitCode ?? -1, ...seen };
}

async function listen(server: Server): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
    error === null ? resolve(port) : reject(error),
  );
  return promise;
}

function monitor(stack: string, resources: Recorded[]): UntypedServiceImplementation {
  return {
    getDeploymentInfo: (_call: unknown, reply: Reply) => reply(null, deploymentInfo()),
    supportsFeature: (_call: unknown, reply: Reply) => {
      const answer = new resource.SupportsFeatureResponse();
      answer.setHassupport(true);
      reply(null, answer);
    },
    registerResource: (
      { request }: Call<InstanceType<typeof resource.RegisterResourceRequest>>,
      reply: Reply,
    ) => {
      resources.push(recordedFrom(request));
      const answer = new resource.RegisterResourceResponse();
      const types = [...qualifiedType(request.getParent()), request.getType()].join("$");
      answer.setUrn(`urn:pulumi:${stack}::slipway::${types}::${request.getName()}`);
      answer.setId(request.getCustom() ? `${request.getName()}-id` : "");
      answer.setObject(request.getObject());
      reply(null, answer);
    },
    registerResourceOutputs: (_call: unknown, reply: Reply) => reply(null, new empty.Empty()),
    signalAndWaitForShutdown: (_call: unknown, reply: Reply) => reply(null, new empty.Empty()),
  };
}

/** Types of a URN's resource and its ancestors, without the stack's. */
function qualifiedType(urn: string): string[] {
  return (urn.split("::")[2] ?? "")
    .split("$")
    .filter((type) => type !== "" && type !== "pulumi:pulumi:Stack");
}

function deploymentInfo() {
  const feature = resource.ResourceMonitorFeature;
  const info = new resource.DeploymentInfo();
  info.setSupportedfeaturesList([
    feature.RESOURCE_MONITOR_FEATURE_SECRETS,
    feature.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    feature.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    feature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    feature.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
  ]);
  return info;
}

function hostApi(log: string[]): UntypedServiceImplementation {
  return {
    log: ({ request }: Call<InstanceType<typeof engine.LogRequest>>, reply: Reply) => {
      if (request.getSeverity() !== engine.LogSeverity.DEBUG) log.push(request.getMessage());
      reply(null, new empty.Empty());
    },
    getRootResource: (_call: unknown, reply: Reply) => reply(null, new engine.GetRootResourceResponse()),
    setRootResource: (_call: unknown, reply: Reply) => reply(null, new engine.SetRootResourceResponse()),
  };
}

interface Call<Request> {
  readonly request: Request;
}

type Reply = (error: null, answer: unknown) => void;
