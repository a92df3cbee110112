import { z } from "zod";
import { parseDuration } from "../../lib/duration.ts";
import { UserError } from "../../lib/errors.ts";
import { DNS_LABEL, HOSTNAME } from "../../lib/names.ts";
import { parseCpu, parseMemory, parsePercent } from "../../lib/quantity.ts";

// A process uses each schema once or twice: compiling it takes longer than that saves.
z.config({ jitless: true });

/** Text (or a bare YAML number, whose lacking unit `parse` then explains) read by one of lib's parsers. */
function readWith<T>(parse: (text: string) => T, example: string) {
  return z
    .custom<string | number>((input) => typeof input === "string" || typeof input === "number", {
      error: `write text such as "${example}"`,
    })
    .transform((input, context): T => {
      try {
        return parse(String(input));
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        for (const { what, remedy } of error.faults) {
          context.addIssue({ code: "custom", message: what, params: { remedy } });
        }
        return z.NEVER;
      }
    });
}

/** `15m`, `30d`. */
export const duration = readWith(parseDuration, "15m");
/** `250m`, `1`. */
export const cpu = readWith(parseCpu, "250m");
/** `512Mi`. */
export const memory = readWith(parseMemory, "512Mi");
/** `99.9%`, read as 99.9. */
export const percent = readWith(parsePercent, "50%");

/** A short name that may become part of Kubernetes names. */
export const name = z.string().regex(DNS_LABEL, {
  error: "write lower-case letters, digits and dashes, starting with a letter, at most 40",
});

/** An object's name in Kubernetes that somebody else chose. */
export const objectName = z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, {
  error: "write the name of a Kubernetes object",
});

export const hostname = z.string().regex(HOSTNAME, {
  error: 'write a host name in lower case without scheme or port, such as "shop.example.org"',
});

/** Path of a URL, as probes and scrapes take it. */
export const urlPath = z.string().regex(/^\/[^\s?#]*$/, { error: 'write a path such as "/health"' });

export const port = z.int().min(1).max(65_535);

/** Name of an environment variable. */
export const variable = z.string().regex(/^[A-Z][A-Z0-9_]*$/, {
  error: 'write a variable name in capitals, such as "LOG_LEVEL"',
});

/** Plain environment variables of a service. */
export const variables = z.record(variable, z.string());

/** A range of addresses in CIDR notation. */
export const cidr = z.string().superRefine((range, context) => {
  if (z.cidrv4().safeParse(range).success || z.cidrv6().safeParse(range).success) return;
  context.addIssue({
    code: "custom",
    message: `"${range}" is not a range of addresses`,
    params: { remedy: 'write one such as "10.20.0.0/16"' },
  });
});

const IMAGE = /^[a-z0-9][a-z0-9.:_/-]*?(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$/;

/** An image with a tag other than `latest`, or (better) a digest. */
export const image = z.string().superRefine((reference, context) => {
  const [, tag, digest] = IMAGE.exec(reference) ?? [];
  if (digest === undefined && (tag === undefined || tag === ":latest")) {
    context.addIssue({
      code: "custom",
      message: `"${reference}" does not say which image it is`,
      params: { remedy: 'give a digest ("registry/name@sha256:…") or a tag other than "latest"' },
    });
  }
});

/** Whether an image is pinned by digest, so that nobody can change what it names. */
export function hasDigest(reference: string): boolean {
  return /@sha256:[0-9a-f]{64}$/.test(reference);
}

/** The repository of an image: without tag and digest. */
export function repositoryOf(reference: string): string {
  return (
    IMAGE.exec(reference)?.[0]
      .replace(/@sha256:.*$/, "")
      .replace(/:[^/:]*$/, "") ?? reference
  );
}

/** {@link Resources} with units; limits at least as large as requests. */
export const resources = z
  .strictObject({
    requests: z.strictObject({ cpu, memory }),
    limits: z.strictObject({ cpu: cpu.optional(), memory }),
  })
  .refine(({ requests, limits }) => limits.memory.bytes >= requests.memory.bytes, {
    error: "the memory limit is below the memory request",
    path: ["limits", "memory"],
  })
  .refine(({ requests, limits }) => (limits.cpu?.millicores ?? Infinity) >= requests.cpu.millicores, {
    error: "the CPU limit is below the CPU request",
    path: ["limits", "cpu"],
  });
