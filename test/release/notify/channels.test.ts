import { describe, expect, test } from "vitest";
import { notifications } from "../../../infra/config/schema/notifications.ts";
import { CHANNEL_SECRETS } from "../../../infra/config/secrets.ts";
import type { Pace } from "../../../release/notify/attempts.ts";
import { channelsOf } from "../../../release/notify/channels.ts";
import { type Notice, noticeOf } from "../../../release/notify/notice.ts";
import { notify } from "../../../release/notify/notify.ts";
import type { Delivery, RunRecord } from "../../../release/record.ts";
import { DEPLOY, runOf, succeededRun, takenBackRun } from "../record/runs.ts";
import { type Behaviour, type GithubServer, githubServer } from "./github-server.ts";
import { deadAddress, type Receiver, type Reply, receiver } from "./receiver.ts";

const QUICK: Pace = { timeoutMs: 5_000, backOffMs: [1, 1] };
const IMPATIENT: Pace = { timeoutMs: 40, backOffMs: [1, 1] };

const SECRETS: Readonly<Record<string, string>> = {
  [CHANNEL_SECRETS.pagerduty]: "canary-routing-key-7f3a9c",
  [CHANNEL_SECRETS.github]: "canary-github-token-7f3a9c",
  [CHANNEL_SECRETS.slack]: "https://hooks.slack.invalid/services/canary-slack-7f3a9c",
};

const OK: Reply = { status: 200, body: "ok" };

function told(record: RunRecord): Notice {
  return noticeOf(record) as Notice;
}

/** Tells about a run over the channels of a section of configuration. */
async function tell(
  section: unknown,
  record: RunRecord,
  { pace = QUICK, secrets = SECRETS }: { pace?: Pace; secrets?: Readonly<Record<string, string>> } = {},
): Promise<Delivery[]> {
  const channels = channelsOf(notifications.parse(section), (name) => secrets[name]);
  const deliveries = await notify(told(record), channels, pace);
  expect(JSON.stringify(deliveries)).not.toContain("canary");
  return deliveries;
}

function slackAt(url: string): { secrets: Readonly<Record<string, string>> } {
  return { secrets: { [CHANNEL_SECRETS.slack]: `${url}/services/T0/B0/canary-slack-7f3a9c` } };
}

describe("Slack", () => {
  test("gets blocks at the webhook's secret path", async () => {
    const { url, requests } = await receiver(() => OK);
    expect(await tell({ slack: {} }, succeededRun(), slackAt(url))).toEqual([
      { channel: "slack", ok: true, detail: "message posted" },
    ]);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ method: "POST", path: "/services/T0/B0/canary-slack-7f3a9c" });
    expect(requests[0]?.headers["content-type"]).toBe("application/json");
    expect(JSON.parse(requests[0]?.body ?? "")).toMatchObject({
      text: "production: deploy of demo r7 succeeded after 95 s",
    });
  });

  test("that refuses is told once, and its words are kept without the secret that they quote", async () => {
    const body = "no_service at /services/T0/B0/canary-slack-7f3a9c";
    const { url, requests } = await receiver(() => ({ status: 404, body }));
    expect(await tell({ slack: {} }, succeededRun(), slackAt(url))).toEqual([
      { channel: "slack", ok: false, detail: `${new URL(url).host} answered 404: no_service at [secret]` },
    ]);
    expect(requests).toHaveLength(1);
  });
});

describe("PagerDuty", () => {
  function api({ url }: Receiver): unknown {
    return { pagerduty: { api: url } };
  }

  test("opens an alert and resolves the same", async () => {
    const server = await receiver(() => ({ status: 202, body: '{"status":"success"}' }));
    const [opened] = await tell(api(server), takenBackRun());
    const [resolved] = await tell(api(server), succeededRun());
    expect([opened?.detail, resolved?.detail]).toEqual([
      "trigger: slipway/production/demo",
      "resolve: slipway/production/demo",
    ]);
    const events = server.requests.map(({ path, body }) => ({ path, ...JSON.parse(body) }));
    expect(events).toMatchObject(
      ["trigger", "resolve"].map((event_action) => ({
        path: "/v2/enqueue",
        routing_key: "canary-routing-key-7f3a9c",
        event_action,
        dedup_key: "slipway/production/demo",
      })),
    );
  });

  test("hears nothing of a start", async () => {
    const server = await receiver(() => OK);
    expect(await tell(api(server), runOf(DEPLOY, []))).toEqual([]);
    expect(server.requests).toEqual([]);
  });
});

test("webhooks get the event, each under its own name", async () => {
  const [first, second] = await Promise.all([receiver(() => OK), receiver(() => ({ status: 204 }))]);
  const record = takenBackRun();
  expect(await tell({ webhooks: [`${first.url}/a`, `${second.url}/b`] }, record)).toEqual([
    { channel: `webhook ${new URL(first.url).host}`, ok: true, detail: "answered 200" },
    { channel: `webhook ${new URL(second.url).host}`, ok: true, detail: "answered 204" },
  ]);
  expect(JSON.parse(first.requests[0]?.body ?? "")).toEqual({
    id: `${record.id}/rolled back`,
    event: "rolled back",
    run: record,
  });
  expect(second.requests[0]?.path).toBe("/b");
});

describe("GitHub", () => {
  const TOKEN = SECRETS[CHANNEL_SECRETS.github] ?? "";

  function server(behaviour: Omit<Behaviour, "token"> = {}): Promise<GithubServer> {
    return githubServer({ token: TOKEN, ...behaviour });
  }

  function section({ url }: Receiver): unknown {
    return { github: { repository: "acme/paws360", api: url } };
  }

  test("gets one issue per run, with the label that was not there yet", async () => {
    const github = await server();
    const first = await tell(section(github), takenBackRun());
    const again = await tell(section(github), takenBackRun());
    expect([...first, ...again].map(({ detail }) => detail)).toEqual([
      "issue #1 opened",
      "issue #1 is there already",
    ]);
    expect(github.labels).toMatchObject([{ name: "production-rollback", color: "b60205" }]);
    expect(github.issues).toHaveLength(1);
    expect(github.issues[0]).toMatchObject({
      title: "Deploy of demo r7 to production: rolled back",
      labels: [{ name: "production-rollback" }],
    });
    expect(github.issues[0]?.body).not.toContain("canary");
    expect(github.requests[0]?.headers).toMatchObject({
      accept: "application/vnd.github+json",
      "x-github-api-version": "2022-11-28",
    });
  });

  test("gets another issue for another run, also of the same second in another stack", async () => {
    const github = await server();
    await tell(section(github), takenBackRun());
    await tell(section(github), takenBackRun({ ...DEPLOY, stack: "staging", environment: "staging" }));
    expect(github.issues).toHaveLength(2);
    expect(github.labels).toHaveLength(1);
  });

  test("an issue that somebody closed meanwhile is not opened anew", async () => {
    const github = await server();
    await tell(section(github), takenBackRun());
    for (const issue of github.issues) issue.state = "closed";
    await tell(section(github), takenBackRun());
    expect(github.issues).toHaveLength(1);
  });

  test.each<[string, Reply]>([
    ["whose answer was lost", "drop"],
    ["that was made in spite of an error", { status: 502, body: "bad gateway" }],
  ])("an issue %s is found by the next attempt", async (_, reply) => {
    let disturbed = false;
    const github = await server({
      disturb: ({ method, path }) => {
        if (disturbed || method !== "POST" || !path.endsWith("/issues")) return undefined;
        disturbed = true;
        return reply;
      },
    });
    expect(await tell(section(github), takenBackRun())).toEqual([
      { channel: "github", ok: true, detail: "issue #1 is there already" },
    ]);
    expect(github.issues).toHaveLength(1);
  });

  test("a label that somebody made in between is taken as it is", async () => {
    const github = await server({
      disturb: ({ path }) => (path.includes("/labels/") ? { status: 404 } : undefined),
    });
    github.labels.push({ name: "production-rollback" });
    expect(await tell(section(github), takenBackRun())).toMatchObject([{ ok: true }]);
  });

  test("a token that may not set labels still gets its issue where it can, and it is said", async () => {
    const github = await server({
      mayPush: false,
      disturb: ({ path }) => (path.includes("/labels/") ? { status: 200, body: "{}" } : undefined),
    });
    expect((await tell(section(github), takenBackRun()))[0]?.detail).toBe(
      "issue #1 opened, without its label production-rollback: the token may not set labels",
    );
  });

  test("hears nothing of what went well", async () => {
    const github = await server();
    expect(await tell(section(github), succeededRun())).toEqual([]);
    expect(github.requests).toEqual([]);
  });

  test("a wrong token is told in GitHub's words", async () => {
    const github = await githubServer({ token: "another" });
    const [delivery] = await tell(section(github), takenBackRun());
    expect(delivery).toMatchObject({ ok: false });
    expect(delivery?.detail).toContain('answered 401: {"message":"Bad credentials"}');
  });

  test("something that is not GitHub is told as such", async () => {
    const page = await receiver(() => ({ status: 200, body: "<html>welcome</html>" }));
    expect((await tell(section(page), takenBackRun()))[0]?.detail).toBe(
      "the answer is not one of GitHub's API: check slipway:notifications.github.api",
    );
  });
});

describe("patience", () => {
  test.each<[string, Reply]>([
    ["an error of the server", { status: 503 }],
    ["too many requests", { status: 429, headers: { "retry-after": "0" } }],
    ["a lost connection", "drop"],
  ])("%s is tried again", async (_, reply) => {
    const { url, requests } = await receiver((_request, index) => (index < 2 ? reply : OK));
    expect(await tell({ webhooks: [url] }, succeededRun())).toMatchObject([{ ok: true }]);
    expect(requests).toHaveLength(3);
    expect(new Set(requests.map(({ body }) => body)).size).toBe(1);
  });

  test("ends after two further attempts", async () => {
    const { url, requests } = await receiver(() => ({ status: 500, body: "no\n  luck" }));
    expect(await tell({ webhooks: [url] }, succeededRun())).toMatchObject([
      { ok: false, detail: `${new URL(url).host} answered 500: no luck` },
    ]);
    expect(requests).toHaveLength(3);
  });

  test("no answer in time counts as none", async () => {
    const { url, requests } = await receiver(() => "hang");
    expect(await tell({ webhooks: [url] }, succeededRun(), { pace: IMPATIENT })).toMatchObject([
      { ok: false, detail: "no answer within 0.04 s" },
    ]);
    expect(requests).toHaveLength(3);
  });

  test("whoever asks for an hour's patience is tried again within the time of an attempt", async () => {
    const hour: Reply = { status: 429, headers: { "retry-after": "3600" } };
    const { url, requests } = await receiver((_request, index) => (index === 0 ? hour : OK));
    const pace = { timeoutMs: 200, backOffMs: [1] };
    expect(await tell({ webhooks: [url] }, succeededRun(), { pace })).toMatchObject([{ ok: true }]);
    expect(requests).toHaveLength(2);
  });

  test("a refusal and a redirect are final: what is sent goes nowhere else", async () => {
    const elsewhere = await receiver(() => OK);
    const refusing = await receiver(() => ({ status: 403 }));
    const moved = await receiver(() => ({ status: 307, headers: { location: elsewhere.url } }));
    const webhooks = [refusing.url, moved.url];
    const deliveries = await tell({ webhooks }, succeededRun());
    expect(deliveries.map(({ ok, detail }) => [ok, detail.split(" ").slice(1).join(" ")])).toEqual([
      [false, "answered 403"],
      [false, "answered 307"],
    ]);
    expect([refusing, moved, elsewhere].map(({ requests }) => requests.length)).toEqual([1, 1, 0]);
  });

  test("a dead channel does not keep the others from being told", async () => {
    const { url, requests } = await receiver(() => OK);
    const dead = await deadAddress();
    const deliveries = await tell({ slack: {}, webhooks: [dead, url] }, succeededRun(), slackAt(dead));
    expect(deliveries).toEqual([
      { channel: "slack", ok: false, detail: `${new URL(dead).host}: ECONNREFUSED` },
      { channel: `webhook ${new URL(dead).host}`, ok: false, detail: `${new URL(dead).host}: ECONNREFUSED` },
      { channel: `webhook ${new URL(url).host}`, ok: true, detail: "answered 200" },
    ]);
    expect(requests).toHaveLength(1);
  });
});

describe("a channel", () => {
  test("without its secret says which one it lacks", async () => {
    expect(await tell({ slack: {}, pagerduty: {} }, takenBackRun(), { secrets: {} })).toEqual([
      { channel: "slack", ok: false, detail: "slipway:secret-slack-webhook is not set" },
      { channel: "pagerduty", ok: false, detail: "slipway:secret-pagerduty-routing-key is not set" },
    ]);
  });

  test("whose secret is something else says so without showing it", async () => {
    const secrets = { [CHANNEL_SECRETS.slack]: "canary-no-address" };
    expect(await tell({ slack: {} }, takenBackRun(), { secrets })).toEqual([
      {
        channel: "slack",
        ok: false,
        detail: "slipway:secret-slack-webhook cannot be used: is it what its name says?",
      },
    ]);
  });

  test("is there only where it is configured", () => {
    expect(channelsOf(notifications.parse(undefined), () => "canary")).toEqual([]);
  });

  test("that breaks by a fault of ours neither fails the run nor quotes what it sent", async () => {
    const broken = {
      name: "broken",
      secrets: [],
      wants: () => true,
      send: () => Promise.reject(new TypeError("cannot send canary-7f3a9c")),
    };
    expect(await notify(told(succeededRun()), [broken], QUICK)).toEqual([
      { channel: "broken", ok: false, detail: "failed: TypeError" },
    ]);
  });
});
