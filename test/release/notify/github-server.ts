import { type Received, type Receiver, type Reply, receiver } from "./receiver.ts";

interface Label {
  readonly name: string;
}

interface StoredIssue {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  state: "open" | "closed";
  readonly labels: readonly Label[];
}

/** The part of GitHub that holds issues and labels of acme/paws360, over real HTTP. */
export interface GithubServer extends Receiver {
  readonly issues: StoredIssue[];
  readonly labels: Label[];
}

export interface Behaviour {
  readonly token: string;
  /** Takes a request in, and then does this instead of answering. */
  readonly disturb?: (request: Received, index: number) => Reply | undefined;
  /** A token without push access: labels of new issues are dropped without a word. */
  readonly mayPush?: boolean;
}

const REPOSITORY = "/repos/acme/paws360";

export async function githubServer({ token, disturb, mayPush = true }: Behaviour): Promise<GithubServer> {
  const issues: StoredIssue[] = [];
  const labels: Label[] = [];
  const served = await receiver((request, index) => {
    const answer = handle(request);
    return disturb?.(request, index) ?? answer;
  });
  return { ...served, issues, labels };

  function handle({ method, path, headers, body }: Received): Reply {
    if (headers.authorization !== `Bearer ${token}`) return json(401, { message: "Bad credentials" });
    const url = new URL(path, "http://github.test");
    const route = `${method} ${url.pathname.replace(REPOSITORY, "")}`;
    if (route === "GET /issues") return json(200, issues.filter(matching(url.searchParams)).reverse());
    if (route === "POST /issues") return json(201, open(JSON.parse(body)));
    if (route === "POST /labels") return label(JSON.parse(body));
    const name = /^GET \/labels\/(.+)$/.exec(route)?.[1];
    const found = labels.find((known) => known.name === name);
    return found === undefined ? json(404, { message: "Not Found" }) : json(200, found);
  }

  function open({
    title,
    body,
    labels: names,
  }: {
    title: string;
    body: string;
    labels: string[];
  }): StoredIssue {
    const set = mayPush ? names.map((name) => ({ name })) : [];
    const issue = { number: issues.length + 1, title, body, state: "open" as const, labels: set };
    issues.push(issue);
    return issue;
  }

  function label(wanted: Label): Reply {
    if (!mayPush) return json(403, { message: "Resource not accessible by personal access token" });
    if (labels.some(({ name }) => name === wanted.name)) {
      return json(422, { message: "Validation Failed", errors: [{ code: "already_exists" }] });
    }
    labels.push(wanted);
    return json(201, wanted);
  }
}

function matching(query: URLSearchParams): (issue: StoredIssue) => boolean {
  const state = query.get("state") ?? "open";
  const wanted = query.get("labels");
  return (issue) =>
    (state === "all" || issue.state === state) &&
    (wanted === null || issue.labels.some(({ name }) => name === wanted));
}

function json(status: number, body: unknown): Reply {
  return { status, body: JSON.stringify(body), headers: { "content-type": "application/json" } };
}
