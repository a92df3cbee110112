import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SLOTS } from "../../../infra/lib/names.ts";
import { liveWeights, trafficPatch, type Weights } from "../../../infra/slots/model/traffic.ts";
import { paths } from "../../../machine/paths.ts";
import { REPOSITORY } from "../../../machine/repository.ts";
import { plannedWeights } from "../../../release/driver/traffic.ts";
import { Project } from "../../../release/project.ts";
import { entriesBack } from "../../../release/rollback.ts";
import { canarySecrets, rawStack, type StackName } from "../../support/config.ts";
import { MemoryCluster } from "../../support/memory-cluster.ts";
import { liveDeployment, liveRoute } from "../preflight/live-objects.ts";

/** The sandbox's demo with r2 active in green and r1 behind it, its comments and styles as a person may have left them. */
const STEADY = `    demo: # ours
      phase: steady
      active: green
      blue: { release: r1, image: "slipway.local/demo:r1" } # the first
      green:
        release: r2 # the second
        image: slipway.local/demo:r2
`;

/** A stack file in a folder of its own, and a cluster in memory that is what it says. */
export interface Stage {
  readonly project: Project;
  readonly cluster: MemoryCluster;
  /** The stack file's text. */
  text(): Promise<string>;
  write(text: string): Promise<void>;
  /** The shares of a service in the cluster. */
  live(service: string): Promise<Weights | undefined>;
  /** Gives the cluster the shares that the stack file has now: what `up` does. */
  apply(service: string, project?: Project): Promise<void>;
  /** The same stack, as another process opens it. */
  again(): Promise<Project>;
  /** Rolls a service back in earnest, as another process does: it shares nothing with the drill but file and cluster. */
  rollBack(service: string): Promise<void>;
  remove(): Promise<void>;
}

/** @param publicPort where users reach the gateway */
export async function sandboxStage(publicPort = 1): Promise<Stage> {
  const text = await readFile(join(REPOSITORY, "Pulumi.sandbox.yaml"), "utf8");
  const drilled = text
    .replace("listenerPort: 8000", `listenerPort: 8000\n    publicPort: ${publicPort}`)
    .replace(/ {4}demo:\n {6}phase: steady[\s\S]*$/, STEADY);
  return stageOf("sandbox", drilled);
}

/** Production's file, with all its secrets set. */
export async function productionStage(): Promise<Stage> {
  const text = await readFile(join(REPOSITORY, "Pulumi.production.yaml"), "utf8");
  const secrets = Object.keys(canarySecrets(rawStack("production"))).map(
    (key) => `  ${key}:\n    secure: v1:aa\n`,
  );
  return stageOf("production", `${text}${secrets.join("")}`);
}

async function stageOf(stack: StackName, text: string): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-drill-"));
  const file = join(folder, `Pulumi.${stack}.yaml`);
  await writeFile(file, text);
  const open = () => Project.open({ folder, stack, env: {} }, paths({ SLIPWAY_HOME: folder }));
  const first = await open();
  const cluster = new MemoryCluster(
    ...first.services.flatMap((service) => [
      liveRoute(first.config, service),
      ...SLOTS.map((slot) => liveDeployment(service, slot)),
    ]),
  );
  const withCluster = (opened: Project) => Object.assign(opened, { cluster }) as unknown as Project;
  const project = withCluster(first);
  const weightsOf = async (name: string) => {
    const { object } = trafficPatch(project.service(name), { blue: 0, green: 0 });
    return liveWeights(await cluster.get(object));
  };
  const apply = async (name: string, of: Project = project) => {
    const service = of.service(name);
    const { object, operations } = trafficPatch(service, plannedWeights(service));
    await cluster.patch(object, operations);
  };
  return {
    project,
    cluster,
    text: () => readFile(file, "utf8"),
    write: (next) => writeFile(file, next),
    live: weightsOf,
    apply,
    again: async () => withCluster(await open()),
    rollBack: async (name) => {
      const other = await open();
      await other.overwrite(entriesBack(other, [name]));
      await apply(name, other);
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
