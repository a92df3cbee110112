/** How the service misbehaves on purpose. */
export interface Faults {
  /** Share of requests answered with 500, from 0 to 1. */
  readonly errorRate: number;
  /** Added to every request's time, in milliseconds. */
  readonly latencyMs: number;
  /** `failing`: the readiness check answers 503. */
  readonly health: "ok" | "failing";
  /** Ends the process with exit code 1. */
  readonly crash: boolean;
}

/** No fault at all. */
export const NO_FAULTS: Faults = { errorRate: 0, latencyMs: 0, health: "ok", crash: false };

const MAX_LATENCY_MS = 60_000;

const CHECKS: { readonly [Key in keyof Faults]: { valid(value: unknown): boolean; readonly hint: string } } =
  {
    errorRate: { valid: (value) => isNumberUpTo(value, 1), hint: "a number from 0 to 1" },
    latencyMs: {
      valid: (value) => isNumberUpTo(value, MAX_LATENCY_MS),
      hint: `milliseconds from 0 to ${MAX_LATENCY_MS}`,
    },
    health: { valid: (value) => value === "ok" || value === "failing", hint: '"ok" or "failing"' },
    crash: { valid: (value) => typeof value === "boolean", hint: "true or false" },
  };

/** Reads faults from parsed JSON; what is not named is off. Returns all errors where there are any. */
export function parseFaults(
  value: unknown,
): { readonly faults: Faults } | { readonly errors: readonly string[] } {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { errors: ["send a JSON object"] };
  const errors = Object.entries(value).flatMap(([key, given]) => {
    if (!Object.hasOwn(CHECKS, key)) return [`${key}: unknown; known are ${Object.keys(CHECKS).join(", ")}`];
    const { valid, hint } = CHECKS[key as keyof Faults];
    return valid(given) ? [] : [`${key}: must be ${hint}`];
  });
  return errors.length > 0 ? { errors } : { faults: { ...NO_FAULTS, ...value } };
}

/** The faults that the service starts with: FAULT_ERROR_RATE, FAULT_LATENCY_MS, FAULT_HEALTH, FAULT_CRASH. */
export function faultsOf(env: NodeJS.ProcessEnv): Faults {
  const { FAULT_ERROR_RATE, FAULT_LATENCY_MS, FAULT_HEALTH, FAULT_CRASH } = env;
  const result = parseFaults({
    ...(FAULT_ERROR_RATE === undefined ? {} : { errorRate: Number(FAULT_ERROR_RATE) }),
    ...(FAULT_LATENCY_MS === undefined ? {} : { latencyMs: Number(FAULT_LATENCY_MS) }),
    ...(FAULT_HEALTH === undefined ? {} : { health: FAULT_HEALTH }),
    ...(FAULT_CRASH === undefined ? {} : { crash: FAULT_CRASH === "true" }),
  });
  if ("errors" in result) throw new Error(`bad FAULT_ variables: ${result.errors.join("; ")}`);
  return result.faults;
}

/**
 * Decides which requests fail: exactly the share that was asked for, evenly spread, so that a measurement needs no luck.
 * Returns a function that takes the present rate and says whether this request fails.
 */
export function evenFailures(): (rate: number) => boolean {
  let owed = 0;
  return (rate) => {
    if (rate === 0) return false;
    owed += rate;
    if (owed < 1 - 1e-9) return false;
    owed -= 1;
    return true;
  };
}

function isNumberUpTo(value: unknown, limit: number): boolean {
  return typeof value === "number" && value >= 0 && value <= limit;
}
