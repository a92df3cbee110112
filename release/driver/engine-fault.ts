import { SLOTS } from "../../infra/lib/names.ts";
import { tail } from "../../machine/run.ts";
import type { Cause } from "../record.ts";

/** Of what a migration printed last, so much goes into the reason. */
const MIGRATION_LINES = 3;

/** What a pod's container printed before it failed, as the engine's report of a failed Job quotes it. */
const MIGRATION = /\[Pod [^\]/]*\/(\S+)-migration-[^\]]*\]: \[\w+\] ([\s\S]*?)(?=\n\s*\* |\npulumi up |$)/g;

/** What a smoke test's runner prints last. */
const SMOKE_TEST = /smoke test of [\s\S]*?\d+ of \d+ failed/;

/** The gist of the engine's report: Jobs say themselves what they found, and the rest around it tells nothing more. */
export function gistOf(message: string): string {
  const migrations = [...message.matchAll(MIGRATION)].map(
    ([, service, printed = ""]) => `the migration of ${service} failed: ${tail(printed, MIGRATION_LINES)}`,
  );
  if (migrations.length > 0) return migrations.join("\n");
  return SMOKE_TEST.exec(message)?.[0] ?? message;
}

/** Which part of a release the engine's report is about. */
export function causeOfFault(message: string): Cause {
  if (message.includes("-smoke")) return "smoke test";
  if (message.includes("-migration")) return "database";
  return SLOTS.some((slot) => message.includes(`-${slot}`)) ? "not ready" : "engine";
}
