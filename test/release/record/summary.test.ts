import { expect, test } from "vitest";
import { chatLine, summaryOf } from "../../../release/summary.ts";
import { DEPLOY, GROUP, runOf, succeededRun, takenBackRun } from "./runs.ts";

test("a release that was taken back, as people read it", () => {
  expect(summaryOf(takenBackRun())).toBe(`# Deploy of demo r7 to production: rolled back

|  |  |
| --- | --- |
| demo | r6 (blue) → r7 (green) \`ghcr.io/acme/demo@sha256:bb\` |
| Stack | production |
| Who | \`ann@laptop, Ann Smith <ann@example.org>\` |
| When | 2026-11-21 14:30:00 UTC, 40 s |
| Ticket | https://tickets.example.org/OPS-7 |
| Why | demo at 5 %: fail: errors 4.2 % |
| Database | the database stays at schema 14 |
| Run | \`20261121T143000Z-demo-r7\` |

## Steps

| UTC | Service | Share | Verdict | Requests | Compared |
| --- | --- | --- | --- | --- | --- |
| 14:30:32.500 | demo | 5 % | fail | 212 | error ratio 4.2 % (active 0 %, at most 2 %)<br>p95 latency 12.3 ms (active 12 ms, at most 50 ms) |

## Taken back

- 14:30:32.500 errors: demo at 5 %: fail: errors 4.2 %
- noticed 12.5 s after the first user was on it
- all users back 0.31 s after that was decided

## Course

- 14:30:01.000 preflight: passed (1 checked)
- 14:30:12.000 r7 of demo into green: 3 create in 10.2 s
- 14:30:20.000 demo: green has 5 % of the users
- 14:30:32.500 demo at 5 %: fail: errors 4.2 % of 212 requests; active 0 %; at most 2 % allowed
- 14:30:32.500 going back: demo at 5 %: fail: errors 4.2 %
- 14:30:32.810 demo: blue has 100 % of the users
`);
});

test("one line for a chat", () => {
  expect(chatLine(takenBackRun())).toBe(
    "production: deploy of demo r7 rolled back after 40 s; users back in 0.31 s: demo at 5 %: fail: errors 4.2 %",
  );
  expect(chatLine(runOf(GROUP, []))).toBe(
    "production: deploy of paws360 (paws360-backend r42, paws360-frontend r42) started",
  );
  expect(chatLine(succeededRun())).toBe("production: deploy of demo r7 succeeded after 95 s");
});

test("texts from elsewhere cannot break out of a line, name people or become markup", () => {
  const reason = "pods of @everyone | <img src=x>\n# not a title\n`code`";
  const { ticket: _, ...start } = DEPLOY;
  const text = summaryOf(
    runOf(
      { ...start, ticket: "OPS-7 | [x](javascript:alert)" },
      [[1, { what: "note", data: { text: reason } }]],
      [2, { outcome: "failed", cause: "cluster", reason }],
    ),
  );
  const safe = "pods of @\u200beveryone \\| \\<img src=x\\>; # not a title; \\`code\\`";
  expect(text).toContain(`| Why | ${safe} |\n`);
  expect(text).toContain(`- 14:30:01.000 ${safe}\n`);
  expect(text).toContain("| Ticket | OPS-7 \\| \\[x\\](javascript:alert) |\n");
});

test("failed checks of the preflight are told by name", () => {
  const results = [
    { check: "image", ok: false, detail: "no such digest" },
    { check: "network", ok: true, detail: "answers" },
  ];
  const text = summaryOf(runOf(DEPLOY, [[1, { what: "preflight", data: { results } }]]));
  expect(text).toContain("- 14:30:01.000 preflight: image: no such digest\n");
});
