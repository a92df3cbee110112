import { type LoadReport, sumCounts, undelivered } from "../../sandbox/load/report.ts";
import type { Figure } from "../statistics.ts";

const NUMBER = new Intl.NumberFormat("en");

/** How many requests got lost in each of several loads. A release's faults on purpose are not among them. */
export function lostRequests(name: string, reports: readonly LoadReport[]): Figure {
  return {
    name,
    unit: "requests",
    samples: reports.map(undelivered),
    limit: 0,
    limitOn: "max",
    note: noteOf(reports),
  };
}

function noteOf(reports: readonly LoadReport[]): string {
  const { sent, connections } = sumCounts(reports);
  const fresh = NUMBER.format(connections.new.sent);
  const late = Math.round(Math.max(...reports.map(({ lateness }) => lateness.p95)));
  return `of ${NUMBER.format(sent)} requests, ${fresh} over new connections; 95 % sent within ${late} ms of their time`;
}

/** How many requests got the errors that a bad release makes on purpose: `24 of 18,452 requests`. */
export function errorsMet(reports: readonly LoadReport[]): string {
  const { sent, failed } = sumCounts(reports);
  return `${NUMBER.format(failed.fault)} of ${NUMBER.format(sent)} requests`;
}

/** A load in one line, with its first failures. */
export function loadLine(report: LoadReport): string {
  const { sent, failures, lateness, cpu } = report;
  const words = failures.slice(0, 3).map(({ what, connection }) => `${what} (${connection})`);
  return [
    `${NUMBER.format(sent)} requests, ${undelivered(report)} lost${words.length === 0 ? "" : `: ${words.join(", ")}`}`,
    `the load took ${Math.round(cpu * 100)} % of a core and was at most ${Math.round(lateness.max)} ms late`,
  ].join("; ");
}
