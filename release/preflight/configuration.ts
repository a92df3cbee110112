import type { Release } from "../../infra/config/schema/releases.ts";
import { SECRET_PREFIX, serviceSecret, setSecretCommand } from "../../infra/config/secrets.ts";
import { formatFault, type UserError } from "../../infra/lib/errors.ts";
import type { ResolvedService } from "../../infra/services/resolve.ts";
import { checkRelease } from "../../infra/slots/model/check.ts";
import type { Finding } from "../../machine/check.ts";
import { otherOf } from "../model/states.ts";

/**
 * Whether every secret that a service reads is set. Only names are looked at.
 * @param set full keys of the stack file's secrets
 */
export function secretsFinding(
  { name, secrets }: Pick<ResolvedService, "name" | "secrets">,
  set: ReadonlySet<string>,
  stack: string,
): Finding {
  const absent = secrets
    .map((variable) => serviceSecret(name, variable))
    .filter((key) => !set.has(SECRET_PREFIX + key));
  if (absent.length > 0) {
    const remedy = absent.map((key) => setSecretCommand(key, stack)).join("; ");
    return { status: "fail", detail: `not set: ${absent.join(", ")}`, remedy };
  }
  if (secrets.length === 0) return { status: "skip", detail: "the service reads none" };
  return { status: "ok", detail: `${secrets.length} set` };
}

/**
 * Whether the candidate works with the database beside the active release, and with the schema that the database has.
 * @param entry with the candidate in its slot
 * @param live version of the database's schema, where it is known
 */
export function schemaFinding(service: ResolvedService, entry: Release, live: number | undefined): Finding {
  const slot = otherOf(entry);
  const own = checkRelease(service, entry).find(({ path }) => path.at(-1) === "schema");
  if (own !== undefined) return { status: "fail", detail: own.what, ...remedyOf(own) };
  const range = entry[slot]?.schema;
  if (range === undefined) return undeclared(service);
  const wants = `${entry[slot]?.release} works with schema ${range.min}..${range.max}`;
  if (live === undefined) return { status: "ok", detail: `${wants}; the database's own is not known` };
  const detail = `${wants}; the database has ${live}`;
  if (live > range.max) {
    const remedy = `release a version that works with schema ${live}`;
    return { status: "fail", detail, remedy };
  }
  if (live >= range.min) return { status: "ok", detail };
  if (service.migration !== undefined)
    return { status: "ok", detail: `${detail}; its migration comes first` };
  return { status: "fail", detail, remedy: `bring the database to schema ${range.min} first` };
}

function undeclared({ migration }: ResolvedService): Finding {
  const detail = "the release declares no schema";
  if (migration === undefined) return { status: "skip", detail };
  const remedy = "name the versions that it works with: --schema MIN..MAX";
  return { status: "warn", detail: `${detail}: its migration does not run`, remedy };
}

/** What is known from the ranges alone, where the database should have been asked and did not answer. */
export function unaskedFinding(declared: Finding, { faults }: UserError): Finding {
  if (declared.status !== "ok") return declared;
  const remedy =
    "see that its pods are ready and reach the database: nothing moves before the migration has looked";
  return { status: "warn", detail: `${declared.detail}: ${faults.map(formatFault).join("; ")}`, remedy };
}

function remedyOf({ remedy }: { readonly remedy?: string }): Pick<Finding, "remedy"> {
  return remedy === undefined ? {} : { remedy };
}
