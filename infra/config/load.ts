import * as pulumi from "@pulumi/pulumi";
import { UserError } from "../lib/errors.ts";
import type { Rule } from "./finding.ts";
import { parse, type RawConfig } from "./parse.ts";
import type { Config } from "./schema/stack.ts";
import { SECRET_PREFIX } from "./secrets.ts";

/** The stack's configuration, and the way to its secrets. */
export interface Loaded {
  readonly config: Config;
  /** Whether a secret of that name (without `slipway:secret-`) is set. */
  readonly hasSecret: (name: string) => boolean;
  /** A secret that is set. */
  readonly secret: (name: string) => pulumi.Output<string>;
}

/**
 * Reads and checks the running stack's configuration. The only reader of Pulumi's config.
 * @throws pulumi.RunError with all faults, which the engine shows without a stack trace.
 */
export function loadConfig(rules: readonly Rule[]): Loaded {
  const raw = rawConfig(pulumi.getStack(), pulumi.runtime.allConfig(), isSecret);
  try {
    return {
      config: parse(raw, rules),
      hasSecret: (name) => raw.secrets.has(SECRET_PREFIX + name),
      secret: (name) => new pulumi.Config().requireSecret(`secret-${name}`),
    };
  } catch (error) {
    throw error instanceof UserError ? new pulumi.RunError(error.message) : error;
  }
}

/** The engine hands over text only; structured values as JSON. An empty secret counts as not set. */
function rawConfig(stack: string, all: Record<string, string>, secret: (key: string) => boolean): RawConfig {
  const keys = Object.keys(all);
  return {
    file: `Pulumi.${stack}.yaml`,
    stack,
    values: Object.fromEntries(
      keys.filter((key) => !secret(key)).map((key) => [key, decode(all[key] ?? "")]),
    ),
    secrets: new Set(keys.filter((key) => secret(key) && all[key] !== "")),
  };
}

function decode(text: string): unknown {
  if (!/^[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Exported by the SDK, but not declared in its types. */
function isSecret(key: string): boolean {
  return (pulumi.runtime as unknown as { isConfigSecret(key: string): boolean }).isConfigSecret(key);
}
