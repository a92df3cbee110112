import type { Action, Comparison, Part, RunRecord } from "./record.ts";

const TITLES: Readonly<Record<Action, string>> = {
  deploy: "Deploy",
  promote: "Promotion",
  rollback: "Rollback",
  drill: "Drill",
};

let formatter: Intl.NumberFormat | undefined;

/** With three digits. Made at the first use: the first formatter of a process takes longer than many a command. */
function formatNumber(value: number): string {
  formatter ??= new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
  return formatter.format(value);
}

/** `Deploy of demo r7 to production: rolled back` */
export function titleOf(record: RunRecord): string {
  return `${TITLES[record.action]} of ${subjectOf(record)} ${record.action === "deploy" ? "to" : "in"} ${record.environment}: ${stateOf(record)}`;
}

/** What a run is about: `demo r7`, or `paws360 (paws360-backend r42, paws360-frontend r42)`. */
export function subjectOf({ name, parts }: Pick<RunRecord, "name" | "parts">): string {
  const releases = parts.map(({ service, to }) => `${service} ${to.release}`);
  return releases.length === 1 && parts[0]?.service === name
    ? releases.join()
    : `${name} (${releases.join(", ")})`;
}

/** `r6 (blue) → r7 (green)` */
export function moveOf({ from, to }: Pick<Part, "from" | "to">): string {
  return `${from.release} (${from.slot}) → ${to.release} (${to.slot})`;
}

export function stateOf({ outcome }: Pick<RunRecord, "outcome">): string {
  return outcome ?? "started";
}

/** `0.31 s`, `12.3 s`, `95 s`, `14 min 5 s` */
export function formatSeconds(seconds: number): string {
  if (seconds < 120) return `${formatNumber(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** `error ratio 4.2 % (active 0 %, at most 2 %)` */
export function comparisonText({ name, unit, candidate, active, limit }: Comparison): string {
  const format = (value: number) => formatFigure(value, unit);
  const known = [
    ...(active === undefined ? [] : [`active ${format(active)}`]),
    ...(limit === undefined ? [] : [`at most ${format(limit)}`]),
  ];
  const measured = candidate === undefined ? "not known" : format(candidate);
  return `${name} ${measured}${known.length === 0 ? "" : ` (${known.join(", ")})`}`;
}

function formatFigure(value: number, unit: Comparison["unit"]): string {
  switch (unit) {
    case "ratio":
      return `${formatNumber(value * 100)} %`;
    case "seconds":
      return `${formatNumber(value * 1_000)} ms`;
    case "count":
      return formatNumber(value);
  }
}

/** Who ran it, as one text. */
export function personOf({ who }: Pick<RunRecord, "who">): string {
  return who.author === undefined ? who.login : `${who.login}, ${who.author}`;
}

/** 2026-11-21 14:30:00 UTC */
export function formatTime(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

/** 14:30:00.123 */
export function clockTime(iso: string): string {
  return iso.slice(11, 23);
}

/** A text of several lines as one, faults with their remedies (`-> …`) included. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*(?:-> )?/g, "; ");
}
