import type { DrilledMove, RunRecord } from "../../release/record.ts";
import { formatSeconds } from "../../release/words.ts";
import { paint } from "./output.ts";
import { formatTable } from "./table.ts";

const HEAD = ["way", "from", "to", "command done", "last answer of the former", "requests", "failed"];

/** The moves that a drill has measured, a row each. */
export function drillTable({ events }: Pick<RunRecord, "events">): string {
  const moves = events.flatMap((event) => (event.what === "drilled" ? [event.data] : []));
  return moves.length === 0 ? "" : formatTable(HEAD, moves.map(row));
}

function row({ way, from, to, seconds, secondsToLastAnswer, requests, failed }: DrilledMove): string[] {
  return [
    way,
    from,
    to,
    formatSeconds(seconds),
    secondsToLastAnswer === undefined ? "not known" : formatSeconds(secondsToLastAnswer),
    requests === undefined ? "-" : String(requests),
    failed === undefined ? "-" : failed > 0 ? paint("red", String(failed)) : "0",
  ];
}
