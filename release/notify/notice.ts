import type { RunEvent, RunRecord } from "../record.ts";

export const NOTICE_KINDS = ["started", "succeeded", "failed", "rolled back"] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** What people are told about a run. */
export interface Notice {
  readonly kind: NoticeKind;
  readonly record: RunRecord;
}

/** What there is to tell about a run as it stands; undefined when it had nothing to do. */
export function noticeOf(record: RunRecord): Notice | undefined {
  switch (record.outcome) {
    case undefined:
      return { kind: "started", record };
    case "nothing to do":
      return undefined;
    case "succeeded":
      return { kind: record.action === "rollback" ? "rolled back" : "succeeded", record };
    case "rolled back":
      return { kind: "rolled back", record };
    case "failed":
    case "stopped":
      return { kind: "failed", record };
  }
}

/** Whether somebody has to look into it. A run that changed nothing is none, nor is what a drill takes back. */
export function isIncident({ kind, record }: Notice): boolean {
  if (kind === "rolled back") return record.action !== "drill";
  return kind === "failed" && record.events.some(({ what }) => !HARMLESS.includes(what));
}

/** What happens in runs that come to their end before they change anything, too. */
const HARMLESS: readonly RunEvent["what"][] = ["preflight", "notified", "note"];
