import { readFileSync } from "node:fs";
import { parse, type RawConfig } from "../../infra/config/parse.ts";
import type { Config } from "../../infra/config/schema/stack.ts";
import { SECRET_PREFIX, serviceSecret } from "../../infra/config/secrets.ts";
import { readStackFile } from "../../infra/config/stack-file.ts";
import { catalogue } from "../../infra/services/catalogue.ts";
import { type ResolvedService, resolveServices } from "../../infra/services/resolve.ts";
import { stackRules } from "../../infra/stack.ts";

/** The stacks whose files are in the repository. */
export type StackName = "sandbox" | "staging" | "production";

/** A stack file of the repository, read but not checked. */
export function rawStack(stack: StackName): RawConfig {
  const file = `Pulumi.${stack}.yaml`;
  return readStackFile(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8"), file);
}

/** Keys of all secrets that a stack's services read, each with a value that must never be seen anywhere. */
export function canarySecrets(raw: RawConfig): Record<string, string> {
  const names = Object.keys(raw.values["slipway:services"] as object).flatMap((service) =>
    (catalogue.get(service)?.secrets ?? []).map((variable) => serviceSecret(service, variable)),
  );
  return Object.fromEntries(names.map((name) => [`${SECRET_PREFIX}${name}`, `canary-${name}-7f3a9c`]));
}

/** The same stack with all its secrets set. */
export function withSecrets(raw: RawConfig): RawConfig {
  return { ...raw, secrets: new Set([...raw.secrets, ...Object.keys(canarySecrets(raw))]) };
}

/** The same stack with one value changed; `undefined` removes the key. */
export function withValue(raw: RawConfig, path: readonly (string | number)[], value: unknown): RawConfig {
  const values = structuredClone(raw.values) as Record<PropertyKey, unknown>;
  const parent = path.slice(0, -1).reduce((at, key) => at[key] as Record<PropertyKey, unknown>, values);
  const last = path.at(-1) ?? "";
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return { ...raw, values };
}

/** A stack of the repository, checked. */
export function configOf(stack: StackName): Config {
  return parse(withSecrets(rawStack(stack)), stackRules);
}

/** One service as a stack of the repository runs it. */
export function serviceIn(stack: StackName, name: string): ResolvedService {
  const found = resolveServices(configOf(stack), catalogue).find((service) => service.name === name);
  if (found === undefined) throw new Error(`${stack} does not run ${name}`);
  return found;
}
