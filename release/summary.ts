import { cell, code, reference, table } from "./markdown.ts";
import { type DrilledMove, type RunEvent, type RunRecord, stepsOf } from "./record.ts";
import {
  clockTime,
  comparisonText,
  formatSeconds,
  formatTime,
  moveOf,
  oneLine,
  personOf,
  stateOf,
  subjectOf,
  titleOf,
} from "./words.ts";

/** A run as Markdown, for people: what, who, when, how each step was judged, what was taken back and why. */
export function summaryOf(record: RunRecord): string {
  const sections = [
    `# ${titleOf(record)}`,
    facts(record),
    ...section("Steps", steps(record)),
    ...section("Taken back", takenBack(record)),
    ...section("Course", course(record)),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** A run in one line, for a chat or a subject: what, where, how it ended and why. */
export function chatLine(record: RunRecord): string {
  const { figures, reason, environment, action } = record;
  const took = figures.seconds === undefined ? "" : ` after ${formatSeconds(figures.seconds)}`;
  const back =
    figures.secondsToRollBack === undefined
      ? ""
      : `; users back in ${formatSeconds(figures.secondsToRollBack)}`;
  const why = reason === undefined ? "" : `: ${oneLine(reason)}`;
  return `${environment}: ${action} of ${subjectOf(record)} ${stateOf(record)}${took}${back}${why}`;
}

/** What happened, as one line. */
export function eventLine(event: RunEvent): string {
  switch (event.what) {
    case "preflight": {
      const bad = event.data.results.filter(({ ok }) => !ok);
      return bad.length === 0
        ? `preflight: passed (${event.data.results.length} checked)`
        : `preflight: ${bad.map(({ check, detail }) => `${check}: ${detail}`).join("; ")}`;
    }
    case "up": {
      const changes = Object.entries(event.data.changes).map(([verb, count]) => `${count} ${verb}`);
      return `${event.data.purpose}: ${changes.join(", ") || "no change"} in ${formatSeconds(event.data.seconds)}`;
    }
    case "traffic":
      return `${event.data.service}: ${event.data.slot} has ${event.data.weight} % of the users`;
    case "step":
      return `${event.data.service} at ${event.data.weight} %: ${event.data.verdict}: ${event.data.because}`;
    case "drilled":
      return drilledLine(event.data);
    case "going back":
      return `going back: ${event.data.reason}`;
    case "notified":
      return (
        event.data.deliveries
          .map(({ channel, ok, detail }) => `${channel} ${ok ? "told" : "not told"}: ${detail}`)
          .join("; ") || "nobody is to be told"
      );
    case "note":
      return event.data.text;
    case "state captured":
    case "failed state captured":
      return event.what;
  }
}

function drilledLine({ way, from, to, seconds, secondsToLastAnswer, requests, failed }: DrilledMove): string {
  const last =
    secondsToLastAnswer === undefined
      ? ""
      : `, last answer of ${from} after ${formatSeconds(secondsToLastAnswer)}`;
  const probes = requests === undefined ? "" : `, ${failed} of ${requests} requests failed`;
  return `${way} ${from} → ${to}: ${formatSeconds(seconds)}${last}${probes}`;
}

function facts(record: RunRecord): string {
  const { parts, startedAt, figures, ticket, reason, schemaNote, id, stack } = record;
  const took = figures.seconds === undefined ? "" : `, ${formatSeconds(figures.seconds)}`;
  return table(
    ["", ""],
    [
      ...parts.map((part) => [part.service, `${moveOf(part)} ${code(part.to.image)}`]),
      ["Stack", stack],
      ["Who", code(personOf(record))],
      ["When", `${formatTime(startedAt)}${took}`],
      ...row("Ticket", ticket === undefined ? undefined : reference(ticket)),
      ...row("Why", reason === undefined ? undefined : cell(reason)),
      ...row("Database", schemaNote === undefined ? undefined : cell(schemaNote)),
      ["Run", code(id)],
    ],
  );
}

function row(title: string, value: string | undefined): string[][] {
  return value === undefined ? [] : [[title, value]];
}

function section(title: string, text: string): string[] {
  return text === "" ? [] : [`## ${title}\n\n${text}`];
}

function steps(record: RunRecord): string {
  const rows = stepsOf(record).map(({ at, service, weight, verdict, requests, comparisons }) => [
    clockTime(at),
    service,
    `${weight} %`,
    verdict,
    String(Math.round(requests)),
    comparisons.map((comparison) => cell(comparisonText(comparison))).join("<br>"),
  ]);
  return rows.length === 0 ? "" : table(["UTC", "Service", "Share", "Verdict", "Requests", "Compared"], rows);
}

function takenBack({ events, figures, action }: RunRecord): string {
  const decisions = events.flatMap((event) => (event.what === "going back" ? [event] : []));
  if (decisions.length === 0 && action !== "rollback") return "";
  const { secondsToDetect, secondsToRollBack } = figures;
  return [
    ...decisions.map(({ at, data }) => `- ${clockTime(at)} ${data.cause}: ${cell(data.reason)}`),
    ...(secondsToDetect === undefined
      ? []
      : [`- noticed ${formatSeconds(secondsToDetect)} after the first user was on it`]),
    ...(secondsToRollBack === undefined
      ? []
      : [`- all users back ${formatSeconds(secondsToRollBack)} after that was decided`]),
  ].join("\n");
}

function course({ events }: RunRecord): string {
  return events.map((event) => `- ${clockTime(event.at)} ${cell(eventLine(event))}`).join("\n");
}
