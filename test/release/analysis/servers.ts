import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { paths } from "../../../machine/paths.ts";
import { waitFor } from "../../../machine/wait.ts";

export const prometheusBinary = join(paths().bin, "prometheus");
export const kubectl = join(paths().bin, "kubectl");

/** Something that runs for a test, at `http://127.0.0.1:<port>`. */
export interface Running {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** An HTTP server on a free port. */
export async function serve(listener: RequestListener, port = 0): Promise<Running> {
  const server = createServer(listener).listen(port, "127.0.0.1");
  await once(server, "listening");
  const { port: own } = server.address() as AddressInfo;
  return {
    port: own,
    url: `http://127.0.0.1:${own}`,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = await serve(() => {});
  await server.stop();
  return server.port;
}

/** A real Prometheus that scrapes one address four times a second. */
export async function startPrometheus(target: string): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), "slipway-prometheus-"));
  const config = join(folder, "prometheus.yml");
  writeFileSync(
    config,
    `global: { scrape_interval: 250ms, scrape_timeout: 250ms }
scrape_configs: [{ job_name: gateway, static_configs: [{ targets: ["${target}"] }] }]
`,
  );
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = execa(
    prometheusBinary,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=error",
    ],
    { reject: false, all: true },
  );
  const stop = async () => {
    child.kill("SIGTERM");
    await child;
    rmSync(folder, { recursive: true });
  };
  const ready = await until(async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok);
  if (ready) return { port, url, stop };
  await stop();
  throw new Error(`Prometheus does not come up: ${(await child).all}`);
}

/** Whether something comes true in time. */
export async function until(check: () => Promise<boolean | undefined>): Promise<boolean> {
  const come = async () => ((await check()) ? true : undefined);
  const signal = new AbortController().signal;
  return (await waitFor(come, { signal, timeoutMs: 15_000 })) ?? false;
}
