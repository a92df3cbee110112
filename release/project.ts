import { existsSync } from "node:fs";
import { mkdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { StackPlace } from "../engine/stack.ts";
import { formatPath } from "../infra/config/finding.ts";
import type { Release } from "../infra/config/schema/releases.ts";
import type { Config } from "../infra/config/schema/stack.ts";
import { KUBECONFIG_SECRET, SECRET_PREFIX } from "../infra/config/secrets.ts";
import { readStackFile } from "../infra/config/stack-file.ts";
import { UserError } from "../infra/lib/errors.ts";
import { suggest } from "../infra/lib/nearest.ts";
import { catalogue } from "../infra/services/catalogue.ts";
import { type ResolvedService, resolveServices } from "../infra/services/resolve.ts";
import { checkTransition } from "../infra/slots/model/transition.ts";
import { checkStackFile } from "../infra/stack.ts";
import type { Paths } from "../machine/paths.ts";
import { writeWhole } from "../machine/processes.ts";
import { Cluster } from "./cluster.ts";
import { withReleases } from "./stack-file.ts";

/** Entries of `slipway:releases` by service. */
export type Entries = Readonly<Record<string, Release>>;

/** Somebody else has written another entry for a service into the stack file since it was read. */
export class ChangedMeanwhile extends UserError {}

/** A stack as the driver works on it: its file, what the file says, and its cluster. */
export class Project {
  readonly place: StackPlace;
  /** Path of `Pulumi.<stack>.yaml`. */
  readonly file: string;
  readonly cluster: Cluster;
  #config: Config;

  private constructor(place: StackPlace, file: string, config: Config, cluster: Cluster) {
    this.place = place;
    this.file = file;
    this.cluster = cluster;
    this.#config = config;
  }

  /** @throws UserError when the stack file is missing or wrong, with all its faults. */
  static async open(place: StackPlace, paths: Paths): Promise<Project> {
    const file = join(place.folder, fileName(place));
    const config = checkStackFile(await read(file, place), fileName(place));
    return new Project(place, file, config, await clusterOf(place, config, file, paths));
  }

  get config(): Config {
    return this.#config;
  }

  /** The stack's services, as its file has them now. */
  get services(): ResolvedService[] {
    return resolveServices(this.#config, catalogue);
  }

  /** @throws UserError naming the nearest service. */
  service(name: string): ResolvedService {
    const found = this.services.find((service) => service.name === name);
    if (found !== undefined) return found;
    const names = this.services.map((service) => service.name);
    throw new UserError({
      where: fileName(this.place),
      what: `the stack has no service "${name}"`,
      remedy: suggest(name, names),
    });
  }

  /**
   * Writes entries into the stack file, whole or not at all. What somebody else changed meanwhile stays, and is an error
   * where it is about the same services.
   * @throws ChangedMeanwhile; UserError when slots may not be in such a state, or not come to it from where they are
   */
  async save(entries: Entries): Promise<void> {
    const changed = await this.changed(Object.keys(entries));
    if (changed.length > 0) {
      const remedy = "look at slipway release status, then run this again";
      throw new ChangedMeanwhile(
        changed.map((name) => ({
          where: this.#entry(name),
          what: "somebody has changed it meanwhile",
          remedy,
        })),
      );
    }
    await this.overwrite(entries);
  }

  /**
   * As `save`, whatever somebody else has made of the same services: for the way back, which comes first.
   * @param time nothing is written before it, nor ever where it is rejected: then its reason is thrown
   */
  async overwrite(entries: Entries, time: Promise<unknown> = Promise.resolve()): Promise<void> {
    const [draft] = await Promise.all([this.#with(entries), time]);
    const isStale = (await readFile(this.file, "utf8")) !== draft.before;
    const { text, config } = isStale ? await this.#with(entries) : draft;
    await writeWhole(this.file, text, (await stat(this.file)).mode & 0o777);
    this.#config = config;
  }

  /** Which services have another entry in the file by now than the one that was read or written here last. */
  async changed(names: readonly string[]): Promise<string[]> {
    const { releases } = await this.#read();
    return names.filter((name) => !isDeepStrictEqual(releases[name], this.#config.releases[name]));
  }

  /** Throws what {@link save} would throw, and writes nothing. */
  async check(entries: Entries): Promise<void> {
    await this.#with(entries);
  }

  async #with(entries: Entries): Promise<{ before: string; text: string; config: Config }> {
    const before = await readFile(this.file, "utf8");
    const text = withReleases(before, entries);
    const config = checkStackFile(text, fileName(this.place));
    this.#checkTransitions(entries);
    return { before, text, config };
  }

  /** Full keys of the secrets that the file holds. */
  async secretKeys(): Promise<ReadonlySet<string>> {
    return readStackFile(await readFile(this.file, "utf8"), fileName(this.place)).secrets;
  }

  #checkTransitions(entries: Entries): void {
    const findings = Object.entries(entries).flatMap(([name, entry]) => {
      const service = this.service(name);
      return checkTransition(service, service.environment, service.release, entry);
    });
    if (findings.length === 0) return;
    throw new UserError(
      findings.map(({ path, ...fault }) => ({
        where: `${fileName(this.place)}: ${formatPath(path)}`,
        ...fault,
      })),
    );
  }

  #entry(name: string): string {
    return `${fileName(this.place)}: ${formatPath(["slipway:releases", name])}`;
  }

  /** Reads the file again: another run may have ended while this one waited for its turn. */
  async reload(): Promise<void> {
    this.#config = await this.#read();
  }

  async #read(): Promise<Config> {
    return checkStackFile(await readFile(this.file, "utf8"), fileName(this.place));
  }
}

function fileName({ stack }: StackPlace): string {
  return `Pulumi.${stack}.yaml`;
}

async function read(file: string, { stack }: StackPlace): Promise<string> {
  return readFile(file, "utf8").catch((cause) => {
    const remedy = stack === "sandbox" ? "run npm start first" : "name a stack with --stack";
    throw new UserError({ where: file, what: "there is no such stack file", remedy }, { cause });
  });
}

async function clusterOf(place: StackPlace, config: Config, file: string, paths: Paths): Promise<Cluster> {
  const own = join(paths.bin, "kubectl");
  const { context, kubeconfig } = config.cluster;
  const path = kubeconfig ?? (await secretKubeconfig(place, file, paths)) ?? place.env.KUBECONFIG;
  return new Cluster({
    kubectl: existsSync(own) ? own : "kubectl",
    context,
    ...(path === undefined ? {} : { kubeconfig: path }),
  });
}

/** A kubeconfig kept as a secret of the stack: decrypted into a file of ours, as kubectl reads files only. */
async function secretKubeconfig(place: StackPlace, file: string, paths: Paths): Promise<string | undefined> {
  const key = SECRET_PREFIX + KUBECONFIG_SECRET;
  if (!readStackFile(await readFile(file, "utf8"), file).secrets.has(key)) return undefined;
  const { openStack } = await import("../engine/stack.ts");
  const { value } = await (await openStack(paths, place)).getConfig(key);
  const target = join(paths.root, "releases", place.stack, "kubeconfig");
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  await writeWhole(target, value);
  return target;
}
