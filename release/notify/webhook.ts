import type { RunRecord } from "../record.ts";
import type { Channel } from "./channel.ts";
import { accepted, exchange } from "./http.ts";
import type { Notice, NoticeKind } from "./notice.ts";

/** What a webhook gets. `id` is the same in every attempt of one event. */
export interface WebhookEvent {
  readonly id: string;
  readonly event: NoticeKind;
  readonly run: RunRecord;
}

export function webhookEvent({ kind, record }: Notice): WebhookEvent {
  return { id: `${record.id}/${kind}`, event: kind, run: record };
}

export function webhook(url: string): Channel {
  return {
    name: `webhook ${new URL(url).host}`,
    secrets: [],
    wants: () => true,
    async send(notice, signal) {
      const { status } = accepted(
        url,
        await exchange({ method: "POST", url, body: webhookEvent(notice) }, signal),
      );
      return `answered ${status}`;
    },
  };
}
