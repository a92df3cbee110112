import { type Fault, UserError } from "../lib/errors.ts";
import { suggest } from "../lib/nearest.ts";
import { type Draft, type Finding, formatPath, type Rule } from "./finding.ts";
import { findingsOf } from "./issues.ts";
import { AREAS, type AreaName, type Config, SCHEMA_VERSION } from "./schema/stack.ts";
import { SECRET_PREFIX, setSecretCommand } from "./secrets.ts";

/** A stack's configuration as it was found, before anything is checked. */
export interface RawConfig {
  /** The file it comes from, for messages: `Pulumi.production.yaml`. */
  readonly file: string;
  readonly stack: string;
  /** Full key (`slipway:services`) to plain value; what is encrypted is not in here. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Full keys whose value is encrypted, or holds something encrypted. */
  readonly secrets: ReadonlySet<string>;
  /** Line of a path in the file, where that is known. */
  readonly line?: (path: readonly PropertyKey[]) => number | undefined;
}

const PREFIX = "slipway:";
const DEFAULT_PROVIDERS = "pulumi:disable-default-providers";

/**
 * Checks a stack's configuration: each area's shape, then `rules` across the areas.
 * @throws UserError with every fault of the file: file, line and key, value (never a secret's), remedy.
 */
export function parse(raw: RawConfig, rules: readonly Rule[]): Config {
  const newer = checkVersion(raw);
  if (newer !== undefined) throw new UserError(toFault(raw, newer));
  const { config, findings } = parseAreas(raw);
  const draft: Draft = { stack: raw.stack, config, secrets: secretNames(raw) };
  const all = [...checkKeys(raw), ...findings, ...rules.flatMap((rule) => rule(draft))];
  if (all.length > 0) throw new UserError(inFileOrder(raw, all));
  return config as Config;
}

function parseAreas(raw: RawConfig): { config: Partial<Config>; findings: Finding[] } {
  const parsed = (Object.keys(AREAS) as AreaName[])
    .filter((name) => !raw.secrets.has(PREFIX + name))
    .map((name) => ({
      name,
      result: AREAS[name].safeParse(raw.values[PREFIX + name], { reportInput: true }),
    }));
  return {
    config: Object.fromEntries(
      parsed.flatMap(({ name, result }) => (result.success ? [[name, result.data]] : [])),
    ),
    findings: parsed.flatMap(({ name, result }) =>
      result.success ? [] : findingsOf([PREFIX + name], AREAS[name], result.error.issues),
    ),
  };
}

/** A file of a newer layout is not worth reading further: everything else would look wrong, too. */
function checkVersion(raw: RawConfig): Finding | undefined {
  const version = Number(raw.values[`${PREFIX}schemaVersion`]);
  if (!(version > SCHEMA_VERSION)) return undefined;
  return {
    path: [`${PREFIX}schemaVersion`],
    what: `this file was written by a newer Slipway (layout ${version}; this one reads up to ${SCHEMA_VERSION})`,
    remedy: "update Slipway: git pull, then npm ci",
  };
}

function checkKeys(raw: RawConfig): Finding[] {
  const known = Object.keys(AREAS);
  const findings: Finding[] = [];
  for (const key of new Set([...Object.keys(raw.values), ...raw.secrets])) {
    if (!key.startsWith(PREFIX)) continue;
    const name = key.slice(PREFIX.length);
    if (key.startsWith(SECRET_PREFIX)) {
      if (!raw.secrets.has(key)) findings.push(clearText(key, raw.stack));
    } else if (!known.includes(name)) {
      findings.push({
        path: [key],
        what: `unknown key "${key}"`,
        remedy: suggest(
          key,
          known.map((area) => PREFIX + area),
        ),
      });
    } else if (raw.secrets.has(key)) {
      findings.push({
        path: [key],
        what: "holds a secret, which hides the whole key",
        remedy: `give the secret a key of its own, ${SECRET_PREFIX}…`,
      });
    }
  }
  if (!isDisabled(raw.values[DEFAULT_PROVIDERS])) {
    findings.push({
      path: [DEFAULT_PROVIDERS],
      what: "default providers are not disabled, so a resource could go to whatever cluster kubectl points at",
      remedy: `set ${DEFAULT_PROVIDERS}: ["*"]`,
    });
  }
  return findings;
}

function clearText(key: string, stack: string): Finding {
  return {
    path: [key],
    what: "a secret is stored in clear text",
    remedy: `change it where it is used, then run: ${setSecretCommand(key.slice(SECRET_PREFIX.length), stack)}`,
  };
}

function isDisabled(packages: unknown): boolean {
  return Array.isArray(packages) && packages.includes("*");
}

function secretNames(raw: RawConfig): Set<string> {
  const keys = [...raw.secrets].filter((key) => key.startsWith(SECRET_PREFIX));
  return new Set(keys.map((key) => key.slice(SECRET_PREFIX.length)));
}

function inFileOrder(raw: RawConfig, findings: readonly Finding[]): Fault[] {
  const line = (finding: Finding) => raw.line?.(finding.path) ?? Number.POSITIVE_INFINITY;
  return [...findings].sort((a, b) => compare(line(a), line(b))).map((finding) => toFault(raw, finding));
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function toFault(raw: RawConfig, { path, what, remedy }: Finding): Fault {
  const line = raw.line?.(path);
  const where = `${raw.file}${line === undefined ? "" : `:${line}`}: ${formatPath(path)}`;
  return { where, what, remedy };
}
