import { Undelivered } from "./channel.ts";

export interface Request {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

const MAX_SAID = 200;

/**
 * One request. Redirects are not followed: what is sent is meant for the configured host alone.
 * @returns any answer below 500 but 429
 * @throws Undelivered, worth another attempt, when there is no such answer. Names the host only: an address may be a secret.
 */
export async function exchange(
  { method, url, headers, body }: Request,
  signal: AbortSignal,
): Promise<Answer> {
  const { host } = new URL(url);
  const answer = await fetch(url, {
    method,
    redirect: "manual",
    signal,
    headers: {
      "user-agent": "slipway",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
    .then(async (response) => ({ response, text: await response.text() }))
    .catch((error: unknown) => {
      throw signal.aborted ? signal.reason : new Undelivered(`${host}: ${reasonOf(error)}`, true);
    });
  const { status } = answer.response;
  if (status < 500 && status !== 429) return { status, text: answer.text };
  throw new Undelivered(said(host, { status, text: answer.text }), true, retryAfter(answer.response));
}

/** @throws Undelivered, for good, when the answer is not one of success. */
export function accepted(url: string, answer: Answer): Answer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw new Undelivered(said(new URL(url).host, answer), false);
}

function said(host: string, { status, text }: Answer): string {
  const words = text.replaceAll(/\s+/g, " ").trim().slice(0, MAX_SAID);
  return `${host} answered ${status}${words === "" ? "" : `: ${words}`}`;
}

/** Never the error's own message, which may quote the address. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: NodeJS.ErrnoException };
  return cause?.code ?? "the connection failed";
}

function retryAfter({ headers }: Response): number {
  const seconds = Number(headers.get("retry-after") ?? 0);
  return Number.isFinite(seconds) ? seconds * 1_000 : 0;
}
