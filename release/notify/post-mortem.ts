import { cell, reference, table } from "../markdown.ts";
import type { RunRecord } from "../record.ts";
import { eventLine } from "../summary.ts";
import { clockTime, formatSeconds, subjectOf } from "../words.ts";

/** A post-mortem to be completed by people, with all that the run knows filled in. */
export function postMortem(record: RunRecord): string {
  const { environment, startedAt, ticket, reason, cause, figures } = record;
  const known = (seconds: number | undefined) =>
    seconds === undefined ? "not measured" : formatSeconds(seconds);
  return [
    `## Post-mortem: ${cell(subjectOf(record))} in ${environment}, ${startedAt.slice(0, 10)}`,
    table(
      ["", ""],
      [
        ["Owner", "_who writes this, within five working days_"],
        ["Ticket", ticket === undefined ? "_none given_" : reference(ticket)],
        [
          "Cause, as the driver saw it",
          `${cause ?? "not known"}${reason === undefined ? "" : `: ${cell(reason)}`}`,
        ],
        ["Time to detect", known(figures.secondsToDetect)],
        ["Time to roll back", known(figures.secondsToRollBack)],
      ],
    ),
    "### Impact\n\n_Who noticed what, for how long? How many requests failed? Was data lost or written twice?_",
    `### Timeline (UTC)\n\n${timeline(record)}\n- _what people did, before and after_`,
    "### Root cause\n\n_Why was it possible? Ask until the answer is something that can be changed._",
    "### What went well, what did not\n\n- _Was it found by the analysis, by an alert, or by a user?_\n- _Which check should have found it earlier?_",
    `### Actions\n\n${table(
      ["Action", "Owner", "Due", "Ticket"],
      [
        ["_prevent it_", "", "", ""],
        ["_find it earlier_", "", "", ""],
      ],
    )}`,
  ].join("\n\n");
}

function timeline({ startedAt, finishedAt, events, outcome }: RunRecord): string {
  return [
    `- ${clockTime(startedAt)} started`,
    ...events.map((event) => `- ${clockTime(event.at)} ${cell(eventLine(event))}`),
    ...(finishedAt === undefined ? [] : [`- ${clockTime(finishedAt)} ${outcome}`]),
  ].join("\n");
}
