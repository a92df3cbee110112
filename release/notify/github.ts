import { z } from "zod";
import type { GithubConfig } from "../../infra/config/schema/notifications.ts";
import { code } from "../markdown.ts";
import type { RunRecord } from "../record.ts";
import { summaryOf } from "../summary.ts";
import { titleOf } from "../words.ts";
import { type Channel, Undelivered } from "./channel.ts";
import { type Answer, accepted, exchange } from "./http.ts";
import { isIncident } from "./notice.ts";
import { postMortem } from "./post-mortem.ts";

/** By this label incidents are found and counted. */
export const INCIDENT_LABEL = {
  name: "production-rollback",
  color: "b60205",
  description: "A release failed or was taken back",
};

/** GitHub's limit is 65536 characters. */
const MAX_BODY = 65_000;
const MAX_TITLE = 250;

export interface Issue {
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
}

/** The incident of a run: what happened, a post-mortem to fill in, and the record. */
export function incidentIssue(record: RunRecord): Issue {
  const text = [mark(record), summaryOf(record), postMortem(record)].join("\n\n");
  const whole = `${text}\n\n${details(JSON.stringify(record, undefined, 2))}\n`;
  const body =
    whole.length <= MAX_BODY
      ? whole
      : `${text.slice(0, MAX_BODY)}\n\nThe record is in ${code(`${record.id}.json`)}.\n`;
  return { title: titleOf(record).slice(0, MAX_TITLE), body, labels: [INCIDENT_LABEL.name] };
}

/** Opens an issue for a failure or rollback, once per run. */
export function github({ repository, api }: GithubConfig, token: string): Channel {
  const client = new Client(`${api.replace(/\/$/, "")}/repos/${repository}`, token);
  return {
    name: "github",
    secrets: [token],
    wants: isIncident,
    async send({ record }, signal) {
      const existing = await client.find(mark(record), signal);
      if (existing !== undefined) return `issue #${existing.number} is there already`;
      await client.ensureLabel(signal);
      const { number, labels } = await client.open(incidentIssue(record), signal);
      // GitHub drops labels without a word where the token may not push.
      const labelled = labels.some(({ name }) => name === INCIDENT_LABEL.name);
      return `issue #${number} opened${labelled ? "" : `, without its label ${INCIDENT_LABEL.name}: the token may not set labels`}`;
    },
  };
}

const issueAnswer = z.object({
  number: z.int(),
  body: z.string().nullable(),
  labels: z.array(z.object({ name: z.string() })),
});
type IssueAnswer = z.infer<typeof issueAnswer>;

/** The calls of GitHub's REST API that an incident needs. */
class Client {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(base: string, token: string) {
    this.#base = base;
    this.#headers = {
      accept: "application/vnd.github+json",
      authorization: `Bearer ${token}`,
      "x-github-api-version": "2022-11-28",
    };
  }

  /** Among the newest issues of the label, closed ones too: the run's own would be one of the last. The search API lags. */
  async find(text: string, signal: AbortSignal): Promise<IssueAnswer | undefined> {
    const query = new URLSearchParams({ labels: INCIDENT_LABEL.name, state: "all", per_page: "100" });
    const answer = await this.#call("GET", `/issues?${query}`, undefined, signal);
    return read(z.array(issueAnswer), this.#ok(answer)).find(({ body }) => body?.includes(text));
  }

  async ensureLabel(signal: AbortSignal): Promise<void> {
    const { status } = await this.#call("GET", `/labels/${INCIDENT_LABEL.name}`, undefined, signal);
    if (status !== 404) return;
    const answer = await this.#call("POST", "/labels", INCIDENT_LABEL, signal);
    // 422: somebody made it in between.
    if (answer.status !== 422) this.#ok(answer);
  }

  async open(issue: Issue, signal: AbortSignal): Promise<IssueAnswer> {
    return read(issueAnswer, this.#ok(await this.#call("POST", "/issues", issue, signal)));
  }

  #call(method: "GET" | "POST", path: string, body: unknown, signal: AbortSignal): Promise<Answer> {
    return exchange({ method, url: this.#base + path, headers: this.#headers, body }, signal);
  }

  #ok(answer: Answer): Answer {
    return accepted(this.#base, answer);
  }
}

function read<T>(schema: z.ZodType<T>, { text }: Answer): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new Undelivered(
      "the answer is not one of GitHub's API: check slipway:notifications.github.api",
      false,
    );
  }
}

function mark({ id, stack }: RunRecord): string {
  return `<!-- slipway run ${stack}/${id} -->`;
}

function details(json: string): string {
  const fence = "````";
  return `<details><summary>Record</summary>\n\n${fence}json\n${json}\n${fence}\n\n</details>`;
}
