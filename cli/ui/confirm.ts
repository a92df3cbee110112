import { createInterface } from "node:readline/promises";
import { UserError } from "../../infra/lib/errors.ts";
import { missingPackages } from "../../machine/packages.ts";
import { SANDBOX_PACKAGES } from "../../sandbox/requirements.ts";

/**
 * Lists the Debian packages that will be installed and asks for a yes, on a terminal; elsewhere, and with `yes`, goes on.
 * @throws UserError when the answer is no; nothing was changed then.
 */
export async function confirmPackages(yes: boolean): Promise<void> {
  const missing = missingPackages(SANDBOX_PACKAGES);
  if (yes || missing.length === 0 || !process.stdin.isTTY || !process.stderr.isTTY) return;
  const lines = missing.map(({ name, purpose }) => `  ${name.padEnd(30)} ${purpose}`);
  process.stderr.write(`These Debian packages will be installed:\n${lines.join("\n")}\n`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question("Go on? [Y/n] ");
    if (/^(y|yes|)$/i.test(answer.trim())) return;
  } finally {
    terminal.close();
  }
  throw new UserError({
    what: "stopped: the packages were not wanted",
    remedy:
      "use a cluster that is there: npm start -- --context NAME; or install them by hand and start again",
  });
}
