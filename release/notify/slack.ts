import { isUnfinished } from "../record.ts";
import { chatLine } from "../summary.ts";
import { formatSeconds, moveOf, personOf, titleOf } from "../words.ts";
import type { Channel } from "./channel.ts";
import { accepted, exchange } from "./http.ts";
import type { Notice, NoticeKind } from "./notice.ts";

const MARK: Readonly<Record<NoticeKind, string>> = {
  started: ":rocket:",
  succeeded: ":white_check_mark:",
  failed: ":x:",
  "rolled back": ":rewind:",
};

/** Slack's own limits, in characters, and for fields in pieces. */
const MAX_HEADER = 150;
const MAX_FIELD = 2_000;
const MAX_SECTION = 3_000;
const MAX_FIELDS = 10;

/** A message of Block Kit; `text` is what notifications of a phone show. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly unknown[];
}

export function slackMessage({ kind, record }: Notice): SlackMessage {
  const { parts, reason, schemaNote, ticket, figures, id } = record;
  const fields = [
    ...parts.map((part) => field(part.service, moveOf(part))),
    field("By", personOf(record)),
    ...(ticket === undefined ? [] : [field("Ticket", ticket)]),
    ...(figures.seconds === undefined ? [] : [field("Took", formatSeconds(figures.seconds))]),
    ...(figures.secondsToRollBack === undefined
      ? []
      : [field("Users back in", formatSeconds(figures.secondsToRollBack))]),
  ];
  const words = [reason, schemaNote].filter((text) => text !== undefined).join("\n");
  return {
    text: escaped(chatLine(record), MAX_SECTION),
    blocks: [
      {
        type: "header",
        text: { type: "plain_text", text: cut(`${MARK[kind]} ${titleOf(record)}`, MAX_HEADER), emoji: true },
      },
      { type: "section", fields: fields.slice(0, MAX_FIELDS) },
      ...(words === "" ? [] : [{ type: "section", text: markdown(escaped(words, MAX_SECTION)) }]),
      {
        type: "context",
        elements: [markdown(`${isUnfinished(record) ? "run" : "record"} ${escaped(id, MAX_FIELD)}`)],
      },
    ],
  };
}

/** @param webhook the incoming webhook's address, which is the secret */
export function slack(webhook: string): Channel {
  return {
    name: "slack",
    secrets: [webhook, new URL(webhook).pathname],
    wants: () => true,
    async send(notice, signal) {
      const request = { method: "POST", url: webhook, body: slackMessage(notice) } as const;
      accepted(webhook, await exchange(request, signal));
      return "message posted";
    },
  };
}

function field(title: string, value: string): unknown {
  return markdown(`*${escaped(title, MAX_FIELD / 2)}*\n${escaped(value, MAX_FIELD / 2)}`);
}

function markdown(text: string): { type: "mrkdwn"; text: string } {
  return { type: "mrkdwn", text };
}

/** Only these three are special to Slack; a reason must not be able to call @channel (`<!channel>`). */
function escaped(text: string, limit: number): string {
  const safe = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return cut(safe, limit);
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}
