// Entry point of the demo service's image. Variables: PORT, SERVICE, RELEASE, SLOT, GREETING, FAULTS=on, FAULT_*; with
// DATABASE_URL it takes orders, see database.ts.
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import { faultsOf } from "./faults.ts";
import { createService } from "./service.ts";

/** The release that the image was made as: the file `release` next to this one. */
function imageRelease(): string {
  try {
    return readFileSync(new URL("release", import.meta.url), "utf8").trim();
  } catch {
    return "unknown";
  }
}

function log(message: string, fields: Record<string, unknown> = {}): void {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), message, ...fields })}\n`);
}

const { PORT, SERVICE, RELEASE, SLOT, GREETING, FAULTS } = process.env;
const version = imageRelease();
const release = RELEASE ?? version;
const faults = faultsOf(process.env);
if (faults.crash) {
  log("crashing on purpose", { release });
  process.exit(1);
}

// Without a database its client need not be loaded.
const orders =
  process.env.DATABASE_URL === undefined ? undefined : (await import("./orders.ts")).openOrders(process.env);

const { server, stop } = createService({
  service: SERVICE ?? "demo",
  release,
  version,
  slot: SLOT ?? "none",
  pod: hostname(),
  greeting: GREETING ?? "",
  faults,
  faultsSwitchable: FAULTS === "on",
  exit: (code) => process.exit(code),
  ...(orders === undefined ? {} : { orders }),
});

process.once("SIGTERM", async () => {
  log("stopping", { release });
  await stop();
  await orders?.close();
  log("stopped", { release });
  process.exit(0);
});

server.listen(Number(PORT ?? 8_080), () => {
  log("listening", { port: (server.address() as AddressInfo).port, release, version });
});
