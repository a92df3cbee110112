import { UserError } from "../../infra/lib/errors.ts";
import { missingPackages } from "../../machine/packages.ts";
import { SANDBOX_PACKAGES } from "../../sandbox/requirements.ts";
import { answeredYes, hasTerminal } from "./ask.ts";

/**
 * Lists the Debian packages that will be installed and asks for a yes, on a terminal; elsewhere, and with `yes`, goes on.
 * @throws UserError when the answer is no; nothing was changed then.
 */
export async function confirmPackages(yes: boolean): Promise<void> {
  const missing = missingPackages(SANDBOX_PACKAGES);
  if (yes || missing.length === 0 || !hasTerminal()) return;
  const lines = missing.map(({ name, purpose }) => `  ${name.padEnd(30)} ${purpose}`);
  process.stderr.write(`These Debian packages will be installed:\n${lines.join("\n")}\n`);
  if (await answeredYes("Go on?")) return;
  throw new UserError({
    what: "stopped: the packages were not wanted",
    remedy:
      "use a cluster that is there: npm start -- --context NAME; or install them by hand and start again",
  });
}
