import { afterEach, beforeEach, expect, it } from "vitest";
import { tell } from "../../../release/driver/tell.ts";
import { finishedRun, startedRun } from "../../../release/record.ts";
import { type Stage, sandboxStage } from "../drill/stage.ts";
import { pushgatewayServer } from "../metrics/pushgateway-server.ts";
import { receiver } from "../notify/receiver.ts";
import { atSecond, DEPLOY } from "../record/runs.ts";

const started = startedRun(DEPLOY, "20261121T143000Z-demo-r7", atSecond(0));
const finished = finishedRun(started, { outcome: "succeeded" }, atSecond(90));

let stage: Stage;

beforeEach(async () => {
  stage = await sandboxStage();
});
afterEach(() => stage.remove());

/** Adds keys to the stack file, and the secret that Slack needs. */
async function configure(key: string, ...lines: readonly string[]): Promise<void> {
  const secret = "  slipway:secret-slack-webhook: { secure: v1:aa }";
  const added = [key, ...lines].join("\n");
  const text = (await stage.text()).replace(
    new RegExp(`^(?:${key}\n|(?=  slipway:releases:))`, "m"),
    `${added}\n`,
  );
  await stage.write(text.includes(secret) ? text : text.replace("config:\n", `config:\n${secret}\n`));
  await stage.project.reload();
}

it("tells nobody where nobody is to be told", async () => {
  expect(await tell(stage.project, finished, {})).toEqual([]);
});

it("tells every channel and the Pushgateway, each by itself", async () => {
  const hook = await receiver(() => ({ status: 200 }));
  const gateway = await pushgatewayServer();
  await configure(`  slipway:notifications: { webhooks: ["${hook.url}/hook"], slack: {} }`);
  await configure("  slipway:delivery:", `    pushgateway: ${gateway.url}`);
  const deliveries = await tell(stage.project, finished, {});
  expect(deliveries.map(({ channel, ok }) => [channel.split(" ")[0], ok])).toEqual([
    ["slack", false],
    ["webhook", true],
    ["pushgateway", true],
  ]);
  expect(hook.requests[0]?.body).toContain("20261121T143000Z-demo-r7");
  expect(gateway.names("demo")).toContain("deployment_status");
});

it("uses the stack's secrets, and does not repeat them", async () => {
  const slack = await receiver(() => ({ status: 403, body: "no such hook" }));
  await configure("  slipway:notifications: { slack: {} }");
  const secret = `${slack.url}/services/hunter2`;
  const deliveries = await tell(stage.project, started, { "slipway:secret-slack-webhook": secret });
  expect(slack.requests.length).toBeGreaterThan(0);
  expect(deliveries).toMatchObject([{ channel: "slack", ok: false }]);
  expect(JSON.stringify(deliveries)).not.toContain("hunter2");
});
