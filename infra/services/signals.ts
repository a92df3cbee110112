import { z } from "zod";

const metric = z.string().regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, {
  error: 'write the name of a metric, such as "http_requests_total"',
});
const label = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, {
  error: 'write the name of a label, such as "code"',
});

/** How a service counts its own requests. Asked where the gateway's metrics cannot tell the slots apart. */
export const signals = z.strictObject({
  /** Counter of answered requests. */
  requests: metric,
  /** Its label with the HTTP status. */
  codeLabel: label,
  /** Buckets of the histogram of latencies. */
  latencyBuckets: metric.regex(/_bucket$/, { error: 'write the name of the buckets: it ends in "_bucket"' }),
  latencyUnit: z.enum(["seconds", "milliseconds"]),
  /** Label -> pattern (RE2, anchored) of what is no user's request: probes and scrapes, which would pass for traffic. */
  except: z.record(label, z.string().min(1)).default({}),
});

/** What `$name` in a check's query may stand for. */
export const PLACEHOLDERS = ["service", "slot", "namespace", "environment", "window"] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

/** `$name` in a query; `$1` belongs to label_replace. */
const PLACEHOLDER = /\$([a-zA-Z_]\w*)/g;

const query = z.string().superRefine((text, context) => {
  const refuse = (message: string, remedy: string) =>
    context.addIssue({ code: "custom", message, params: { remedy } });
  if (text.trim() === "") refuse("the query is empty", "write PromQL");
  for (const [found, name = ""] of text.matchAll(PLACEHOLDER)) {
    if (!(PLACEHOLDERS as readonly string[]).includes(name)) {
      refuse(
        `"${found}" stands for nothing`,
        `known here: ${PLACEHOLDERS.map((known) => `$${known}`).join(", ")}`,
      );
    }
  }
  const comparison = outermostComparison(text);
  if (comparison !== undefined) {
    refuse(
      `the comparison "${comparison}" leaves no value where it does not hold`,
      "compare with min and max",
    );
  }
});

/** The first comparison outside of all brackets and strings that filters. */
function outermostComparison(text: string): string | undefined {
  let rest = text.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|#.*/g, "");
  for (let before = ""; before !== rest; ) {
    before = rest;
    rest = rest.replace(/\([^()]*\)|\{[^{}]*\}|\[[^[\]]*\]/g, "");
  }
  return /(?:[=!]=|[<>]=?)(?!\s*bool\b)/.exec(rest)?.[0];
}

const check = z
  .strictObject({
    /** What the value is, for the verdict: "orders per minute". */
    name: z.string().min(1),
    /** PromQL for one value of the candidate. */
    query,
    /** The value must not be below. */
    min: z.number().optional(),
    /** The value must not be above. */
    max: z.number().optional(),
  })
  .refine(({ min, max }) => min !== undefined || max !== undefined, {
    error: "neither min nor max is given: every value would pass",
  })
  .refine(({ min, max }) => (min ?? -Infinity) <= (max ?? Infinity), {
    error: "min is above max: no value could pass",
    path: ["min"],
  });

/** A service's own checks of a candidate, beside errors, latency and restarts. */
export const checks = z
  .array(check)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, {
    error: "two checks have the same name",
  });

export type Signals = z.output<typeof signals>;
export type Check = z.output<typeof check>;

/** A query with its placeholders filled in. */
export function fillIn(text: string, values: Readonly<Record<Placeholder, string>>): string {
  return text.replace(PLACEHOLDER, (_, name: Placeholder) => values[name]);
}
