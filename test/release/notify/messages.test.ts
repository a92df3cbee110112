import { describe, expect, test } from "vitest";
import { mailOf } from "../../../release/notify/email.ts";
import { INCIDENT_LABEL, incidentIssue } from "../../../release/notify/github.ts";
import { isIncident, type Notice, noticeOf } from "../../../release/notify/notice.ts";
import { pagerDutyEvents } from "../../../release/notify/pagerduty.ts";
import { slackMessage } from "../../../release/notify/slack.ts";
import { webhookEvent } from "../../../release/notify/webhook.ts";
import type { Happening, Outcome, RunRecord, RunStart } from "../../../release/record.ts";
import { DEPLOY, GROUP, runOf, succeededRun, takenBackRun } from "../record/runs.ts";

const ROLLBACK: RunStart = { ...DEPLOY, action: "rollback" };
const DRILL: RunStart = { ...DEPLOY, action: "drill" };

/** The last thing that happens before the first change. */
const CAPTURED: Happening = { what: "state captured", data: {} };
const PREFLIGHT: Happening = { what: "preflight", data: { results: [] } };

function ended(start: RunStart, outcome: Outcome): RunRecord {
  return runOf(start, [[1, CAPTURED]], [9, { outcome }]);
}

function told(record: RunRecord): Notice {
  const notice = noticeOf(record);
  if (notice === undefined) throw new Error("nothing to tell");
  return notice;
}

describe("what is told", () => {
  test.each<[string, RunRecord, string | undefined, boolean]>([
    ["a run that goes on", runOf(DEPLOY, []), "started", false],
    ["a success", ended(DEPLOY, "succeeded"), "succeeded", false],
    ["a release taken back", ended(DEPLOY, "rolled back"), "rolled back", true],
    ["a rollback that was asked for", ended(ROLLBACK, "succeeded"), "rolled back", true],
    ["a failure", ended(DEPLOY, "failed"), "failed", true],
    ["a run that stopped", ended(DEPLOY, "stopped"), "failed", true],
    [
      "a failure before anything was changed",
      runOf(DEPLOY, [[1, PREFLIGHT]], [9, { outcome: "failed" }]),
      "failed",
      false,
    ],
    ["a drill", ended(DRILL, "succeeded"), "succeeded", false],
    ["what a drill took back", ended(DRILL, "rolled back"), "rolled back", false],
    ["a drill that failed", ended(DRILL, "failed"), "failed", true],
    ["nothing to do", ended(DEPLOY, "nothing to do"), undefined, false],
  ])("%s", (_, record, kind, incident) => {
    const notice = noticeOf(record);
    expect(notice?.kind).toBe(kind);
    expect(notice !== undefined && isIncident(notice)).toBe(incident);
  });
});

describe("Slack", () => {
  test("a release that was taken back", () => {
    const { text, blocks } = slackMessage(told(takenBackRun()));
    expect(text).toBe(
      "production: deploy of demo r7 rolled back after 40 s; users back in 0.31 s: demo at 5 %: fail: errors 4.2 %",
    );
    expect(blocks).toEqual([
      {
        type: "header",
        text: {
          type: "plain_text",
          text: ":rewind: Deploy of demo r7 to production: rolled back",
          emoji: true,
        },
      },
      {
        type: "section",
        fields: [
          "*demo*\nr6 (blue) → r7 (green)",
          "*By*\nann@laptop, Ann Smith &lt;ann@example.org&gt;",
          "*Ticket*\nhttps://tickets.example.org/OPS-7",
          "*Took*\n40 s",
          "*Users back in*\n0.31 s",
        ].map((text) => ({ type: "mrkdwn", text })),
      },
      {
        type: "section",
        text: { type: "mrkdwn", text: "demo at 5 %: fail: errors 4.2 %\nthe database stays at schema 14" },
      },
      { type: "context", elements: [{ type: "mrkdwn", text: "record 20261121T143000Z-demo-r7" }] },
    ]);
  });

  test("keeps Slack's limits, and nothing in a reason calls a channel", () => {
    const part = GROUP.parts[0] as RunStart["parts"][number];
    const parts = Array.from({ length: 20 }, (_, index) => ({ ...part, service: `service-${index}` }));
    const reason = `<!channel> & ${"x".repeat(9_000)}`;
    const run = runOf({ ...GROUP, parts }, [], [9, { outcome: "failed", cause: "engine", reason }]);
    const [header, fields, words] = slackMessage(told(run)).blocks as [
      { text: { text: string } },
      { fields: { text: string }[] },
      { text: { text: string } },
    ];
    expect(header.text.text).toHaveLength(150);
    expect(fields.fields).toHaveLength(10);
    expect(words.text.text).toHaveLength(3_000);
    expect(words.text.text).toMatch(/^&lt;!channel&gt; &amp; x+…$/);
  });
});

describe("PagerDuty", () => {
  test("a failure opens an alert per service, which the next success of that service resolves", () => {
    const failed = pagerDutyEvents(told(ended(GROUP, "failed")));
    expect(failed.map(({ event_action, dedup_key }) => [event_action, dedup_key])).toEqual([
      ["trigger", "slipway/production/paws360-backend"],
      ["trigger", "slipway/production/paws360-frontend"],
    ]);
    const backend = { ...GROUP, parts: GROUP.parts.slice(0, 1) };
    expect(pagerDutyEvents(told(succeededRun(backend)))).toEqual([
      { event_action: "resolve", dedup_key: "slipway/production/paws360-backend" },
    ]);
  });

  test("says what is needed at three in the morning", () => {
    expect(pagerDutyEvents(told(takenBackRun()))).toEqual([
      {
        event_action: "trigger",
        dedup_key: "slipway/production/demo",
        client: "slipway",
        payload: {
          summary:
            "production: deploy of demo r7 rolled back after 40 s; users back in 0.31 s: demo at 5 %: fail: errors 4.2 %",
          source: "production/demo",
          severity: "warning",
          timestamp: "2026-11-21T14:30:40.000Z",
          component: "demo",
          group: "demo",
          class: "rolled back",
          custom_details: {
            run: "20261121T143000Z-demo-r7",
            release: "r7",
            image: "ghcr.io/acme/demo@sha256:bb",
            cause: "errors",
            ticket: "https://tickets.example.org/OPS-7",
          },
        },
        links: [{ href: "https://tickets.example.org/OPS-7", text: "ticket" }],
      },
    ]);
    expect(pagerDutyEvents(told(ended(DEPLOY, "failed")))).toMatchObject([
      { payload: { severity: "critical" } },
    ]);
  });

  test("keeps the limit of a summary", () => {
    const run = runOf(DEPLOY, [[1, CAPTURED]], [9, { outcome: "failed", reason: "x".repeat(3_000) }]);
    const [event] = pagerDutyEvents(told(run)) as [{ payload: { summary: string } }];
    expect(event.payload.summary).toHaveLength(1_024);
  });
});

test("a webhook gets the whole record, under an id that is the event's own", () => {
  const record = takenBackRun();
  expect(webhookEvent(told(record))).toEqual({
    id: "20261121T143000Z-demo-r7/rolled back",
    event: "rolled back",
    run: record,
  });
});

describe("e-mail", () => {
  const addresses = { from: "slipway@example.org", to: ["ops@example.org"] };

  test("is the summary, and all mails of a run are one thread", () => {
    const started = mailOf(told(runOf(DEPLOY, [])), addresses);
    const ended = mailOf(told(takenBackRun()), addresses);
    expect(ended.subject).toBe("Deploy of demo r7 to production: rolled back");
    expect(ended.text).toContain("## Taken back");
    expect(started.messageId).toBe("<20261121T143000Z-demo-r7.started.production@example.org>");
    expect(ended.messageId).toBe("<20261121T143000Z-demo-r7.rolled-back.production@example.org>");
    expect(started.references).toBeUndefined();
    expect(ended.references).toBe(started.messageId);
  });
});

describe("incident issue", () => {
  test("holds summary, ticket, post-mortem to fill in and the record", () => {
    const record = takenBackRun();
    const { title, body, labels } = incidentIssue(record);
    expect(title).toBe("Deploy of demo r7 to production: rolled back");
    expect(labels).toEqual(["production-rollback"]);
    expect(labels).toEqual([INCIDENT_LABEL.name]);
    expect(body).toContain("| Ticket | https://tickets.example.org/OPS-7 |");
    expect(body).toContain("## Post-mortem: demo r7 in production, 2026-11-21");
    expect(body).toContain("| Cause, as the driver saw it | errors: demo at 5 %: fail: errors 4.2 % |");
    expect(body).toContain("| Time to roll back | 0.31 s |");
    expect(body).toContain("- 14:30:32.810 demo: blue has 100 % of the users\n- 14:30:40.000 rolled back\n");
    for (const heading of ["Impact", "Timeline (UTC)", "Root cause", "Actions"]) {
      expect(body).toContain(`### ${heading}\n`);
    }
    const json = /````json\n([\s\S]+)\n````/.exec(body)?.[1] ?? "";
    expect(JSON.parse(json)).toEqual(record);
  });

  test("without figures says that they were not measured", () => {
    const { body } = incidentIssue(ended({ ...DEPLOY, ticket: "OPS-7" }, "failed"));
    expect(body).toContain("| Time to detect | not measured |");
    expect(body).toContain("| Cause, as the driver saw it | not known |");
  });

  test("leaves out the record where GitHub would refuse the length, and names its file", () => {
    const big = { what: "failed state captured", data: { log: "y".repeat(70_000) } } as const;
    const { body } = incidentIssue(runOf(DEPLOY, [[1, big]], [9, { outcome: "failed" }]));
    expect(body.length).toBeLessThan(65_536);
    expect(body).toContain("### Actions");
    expect(body).toContain("The record is in `20261121T143000Z-demo-r7.json`.");
    expect(body).not.toContain("yyyy");
  });
});
