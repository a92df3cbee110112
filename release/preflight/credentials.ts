import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../infra/lib/errors.ts";

/** The part of Docker's configuration that holds what `docker login` wrote. */
const dockerConfig = z.object({
  auths: z.record(z.string(), z.object({ auth: z.string().optional() })).optional(),
});

/** Docker's own registry goes by another name in that file. */
const DOCKER_HUB_KEY = "https://index.docker.io/v1/";

/**
 * User and password for a registry from `$DOCKER_CONFIG/config.json` (else `~/.docker/config.json`), as the value of an
 * Authorization header; undefined where `docker login` left none there.
 */
export async function credentialsFor(
  registry: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const file = join(env.DOCKER_CONFIG ?? join(homedir(), ".docker"), "config.json");
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const { auths = {} } = read(file, text);
  const keys = registry === "docker.io" ? [DOCKER_HUB_KEY] : [registry, `https://${registry}`];
  const auth = keys.map((key) => auths[key]?.auth).find((found) => found !== undefined && found !== "");
  return auth === undefined ? undefined : `Basic ${auth}`;
}

function read(file: string, text: string): z.infer<typeof dockerConfig> {
  try {
    return dockerConfig.parse(JSON.parse(text));
  } catch (cause) {
    const remedy = "mend the file, or log in to the registry anew: docker login";
    throw new UserError({ where: file, what: "is not a configuration of Docker", remedy }, { cause });
  }
}
