import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { waitFor } from "../../machine/wait.ts";
import { postgresFolder, START } from "../../sandbox/database/image.ts";

/** A PostgreSQL server of a test's own: the sandbox's image without its container. */
export interface TestServer {
  readonly port: number;
  /** File with the password of its user. */
  readonly passwordFile: string;
  /** Makes an empty database; returns its address without a password. */
  database(): Promise<string>;
  stop(): Promise<void>;
}

/** Of the server's user; must never be seen anywhere. */
export const PASSWORD = "canary-p@ss/word 1";

/** `nobody`: PostgreSQL refuses to run as root. */
const NOBODY = 65_534;

/** Starts a server on a free port; its files go when it stops. */
export async function startPostgres(): Promise<TestServer> {
  const home = await mkdtemp(join(tmpdir(), "slipway-postgres-"));
  const port = await freePort();
  const passwordFile = join(home, "password");
  await writeFile(passwordFile, `${PASSWORD}\n`);
  const child = await launch(home, port, passwordFile);
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk) => output.push(String(chunk)));
  const url = (name: string) => `postgres://slipway@127.0.0.1:${port}/${name}`;
  const admin = postgres(url("postgres"), { max: 1, password: PASSWORD, onnotice: () => {} });
  const isUp = () =>
    admin`SELECT 1`.then(
      () => true,
      () => undefined,
    );
  const answers = await waitFor(async () => (child.exitCode === null ? await isUp() : false), {
    signal: new AbortController().signal,
    timeoutMs: 60_000,
    everyMs: 100,
  });
  if (answers !== true) throw new Error(`PostgreSQL did not start:\n${output.join("")}`);
  let made = 0;
  return {
    port,
    passwordFile,
    database: async () => {
      made += 1;
      await admin.unsafe(`CREATE DATABASE test${made}`);
      return url(`test${made}`);
    },
    stop: async () => {
      await admin.end();
      if (child.exitCode === null) {
        child.kill("SIGINT");
        await once(child, "exit");
      }
      await rm(home, { recursive: true });
    },
  };
}

/** As the user that tests run as; where that is root, as nobody, who may not be able to read the repository. */
async function launch(home: string, port: number, passwordFile: string): Promise<ChildProcess> {
  const isRoot = process.getuid?.() === 0;
  const folder = isRoot ? join(home, "postgres") : postgresFolder();
  if (isRoot) {
    await chmod(home, 0o755);
    await cp(postgresFolder(), folder, { recursive: true, verbatimSymlinks: true });
    await cp(START, join(home, "start.sh"));
    await chown(home, NOBODY, NOBODY);
  }
  return spawn("/bin/sh", [isRoot ? join(home, "start.sh") : START], {
    cwd: home,
    env: {
      PATH: `${join(folder, "bin")}:/usr/bin:/bin`,
      PGDATA: join(home, "data"),
      PASSWORD_FILE: passwordFile,
      PGPORT: String(port),
      LISTEN: "127.0.0.1",
    },
    stdio: ["ignore", "pipe", "pipe"],
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
