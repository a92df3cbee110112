import type { Check, Finding } from "../machine/check.ts";

const TIMEOUT_MS = 5_000;

/** Whether the token of the environment is accepted by GitHub's API. The token itself is never shown. */
export function githubCheck(env: NodeJS.ProcessEnv = process.env): Check {
  return { area: "github", title: "token", run: () => tokenFinding(env) };
}

async function tokenFinding({
  GITHUB_TOKEN,
  GITHUB_BASE_URL = "https://api.github.com/",
}: NodeJS.ProcessEnv): Promise<Finding> {
  if (GITHUB_TOKEN === undefined)
    return {
      status: "skip",
      detail: "GITHUB_TOKEN is not set; only stacks that declare GitHub resources need it",
    };
  const url = new URL("user", GITHUB_BASE_URL.endsWith("/") ? GITHUB_BASE_URL : `${GITHUB_BASE_URL}/`);
  const answer = await fetch(url, {
    headers: { authorization: `Bearer ${GITHUB_TOKEN}`, accept: "application/vnd.github+json" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: Error) => error);
  if (answer instanceof Error)
    return {
      status: "warn",
      detail: `${url.host} cannot be reached`,
      remedy: "check the network, or GITHUB_BASE_URL",
    };
  if (answer.ok) return { status: "ok", detail: `accepted by ${url.host}` };
  return {
    status: "fail",
    detail: `${url.host} answers ${answer.status} to the token in GITHUB_TOKEN`,
    remedy: "make a new token (or use `gh auth token`) and set GITHUB_TOKEN",
  };
}
