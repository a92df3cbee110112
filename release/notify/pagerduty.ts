import type { Part, RunRecord } from "../record.ts";
import { chatLine } from "../summary.ts";
import type { Channel } from "./channel.ts";
import { accepted, exchange } from "./http.ts";
import { isIncident, type Notice } from "./notice.ts";

const MAX_SUMMARY = 1_024;

/**
 * Events v2 without the routing key, one per service: an alert is opened by a failure or a rollback of a service and
 * resolved by its next success, whichever run that is.
 */
export function pagerDutyEvents(notice: Notice): Readonly<Record<string, unknown>>[] {
  return notice.record.parts.map((part) =>
    isIncident(notice)
      ? trigger(notice, part)
      : { event_action: "resolve", dedup_key: alertOf(notice.record, part) },
  );
}

export function pagerDuty(api: string, routingKey: string): Channel {
  const url = new URL("v2/enqueue", api.endsWith("/") ? api : `${api}/`).href;
  return {
    name: "pagerduty",
    secrets: [routingKey],
    wants: (notice) =>
      isIncident(notice) || (notice.kind === "succeeded" && notice.record.action !== "drill"),
    async send(notice, signal) {
      const events = pagerDutyEvents(notice);
      for (const event of events) {
        const body = { routing_key: routingKey, ...event };
        accepted(url, await exchange({ method: "POST", url, body }, signal));
      }
      return `${events[0]?.event_action}: ${events.map(({ dedup_key }) => dedup_key).join(", ")}`;
    },
  };
}

function trigger({ kind, record }: Notice, part: Part): Readonly<Record<string, unknown>> {
  const { id, finishedAt, environment, name, ticket, cause } = record;
  return {
    event_action: "trigger",
    dedup_key: alertOf(record, part),
    client: "slipway",
    payload: {
      summary: chatLine(record).slice(0, MAX_SUMMARY),
      source: `${environment}/${part.service}`,
      // After a rollback users are served by the version before; after a failure nobody can say.
      severity: kind === "failed" ? "critical" : "warning",
      ...(finishedAt === undefined ? {} : { timestamp: finishedAt }),
      component: part.service,
      group: name,
      class: kind,
      custom_details: { run: id, release: part.to.release, image: part.to.image, cause, ticket },
    },
    ...(ticket?.startsWith("https://") ? { links: [{ href: ticket, text: "ticket" }] } : {}),
  };
}

function alertOf({ stack }: RunRecord, { service }: Part): string {
  return `slipway/${stack}/${service}`;
}
