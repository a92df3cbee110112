import { z } from "zod";

const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/;

/** Text that `fault` finds nothing wrong with. */
function address(fault: (url: URL) => string | undefined) {
  return z.string().superRefine((text, context) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const message =
      url === undefined || !/^https?:$/.test(url.protocol)
        ? 'this is no address such as "https://example.org/hook"'
        : fault(url);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  });
}

function logIn({ username, password }: URL): string | undefined {
  return username === "" && password === ""
    ? undefined
    : "the address holds a log-in, which everybody who reads this file would see";
}

/** An address that is no secret itself. What it needs to log in is a secret with a key of its own. */
export const webAddress = address(logIn);

/** Where a token is sent to: in clear only within this machine. */
export const tokenAddress = address((url) => {
  const safe = url.protocol === "https:" || LOOPBACK.test(url.hostname);
  return logIn(url) ?? (safe ? undefined : "a token would go there in clear: write an https address");
});
