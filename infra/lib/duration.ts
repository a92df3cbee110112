import { UserError } from "./errors.ts";

/** A length of time. */
export interface Duration {
  readonly milliseconds: number;
}

/** Longest first, as they stand in a compound such as `1h30m`. */
const UNITS = [
  ["w", 604_800_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

/** Weeks are read but not written: `30d` must not come back as `4w2d`. */
const WRITTEN_UNITS = UNITS.filter(([unit]) => unit !== "w");

const PATTERN = new RegExp(`^${UNITS.map(([unit]) => `(?:(\\d+)${unit})?`).join("")}$`);

/**
 * Reads a duration in Prometheus notation: whole numbers with a unit (ms, s, m, h, d, w), largest first, such as
 * `15m` or `1h30m`.
 * @throws UserError when the unit is missing or unknown.
 */
export function parseDuration(text: string): Duration {
  const match = text === "" ? null : PATTERN.exec(text);
  const milliseconds = match === null ? Number.NaN : sum(match.slice(1));
  if (!Number.isSafeInteger(milliseconds)) {
    throw new UserError({
      what: /^\d+$/.test(text) ? `"${text}" has no unit` : `"${text}" is not a duration`,
      remedy: 'write a number and a unit (ms, s, m, h, d, w), such as "30s", "15m" or "30d"',
    });
  }
  return { milliseconds };
}

function sum(amounts: readonly (string | undefined)[]): number {
  return UNITS.reduce((total, [, size], index) => total + Number(amounts[index] ?? 0) * size, 0);
}

/** The shortest text that {@link parseDuration} and Prometheus read back as the same duration. */
export function formatDuration({ milliseconds }: Duration): string {
  let rest = milliseconds;
  let text = "";
  for (const [unit, size] of WRITTEN_UNITS) {
    const amount = Math.floor(rest / size);
    if (amount > 0) text += `${amount}${unit}`;
    rest -= amount * size;
  }
  return text === "" ? "0s" : text;
}

/** Whole seconds, rounded up: what Kubernetes takes. */
export function toSeconds({ milliseconds }: Duration): number {
  return Math.ceil(milliseconds / 1_000);
}
