import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { checkCluster, loadCluster } from "../../sandbox/cluster-check.ts";
import { contextSteps } from "../../sandbox/other-clusters.ts";
import { issueAuthority, issueCertificate, type KeyPair } from "../../sandbox/pki/certificate.ts";

const DAY_MS = 86_400_000;
const validity = { from: new Date(Date.now() - 10 * DAY_MS), until: new Date(Date.now() + DAY_MS) };
const GOOD_TOKEN = "good-token-that-must-not-be-printed";

let folder: string;
let authority: KeyPair;
let server: Server;
let url: string;

/** A stand-in API server: real TLS, knows one token and no client certificate, like one with an expired user. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-cluster-"));
  authority = await issueAuthority("ca", validity);
  const serving = await issueCertificate(
    authority,
    { commonName: "api", usage: "server", addresses: ["127.0.0.1"] },
    validity,
  );
  server = createServer({ cert: serving.certificate, key: serving.key }, (request, response) => {
    const { authorization } = request.headers;
    if (authorization === "Bearer forbidden") response.writeHead(403).end("{}");
    else if (authorization === "Bearer not-kubernetes") response.end("<html>It works!</html>");
    else if (authorization !== `Bearer ${GOOD_TOKEN}`) response.writeHead(401).end("{}");
    else if (request.url === "/version") response.end('{"gitVersion":"v1.34.2"}');
    else response.writeHead(404).end("{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

interface Kubeconfig {
  readonly server?: string;
  readonly user?: object;
  readonly trust?: KeyPair;
}

let files = 0;

async function kubeconfig({
  server: address = url,
  user = { token: GOOD_TOKEN },
  trust = authority,
}: Kubeconfig) {
  const file = join(folder, `kubeconfig-${++files}`);
  const data = Buffer.from(trust.certificate).toString("base64");
  const contexts = ["staging", "production"].map((name) => ({ name, context: { cluster: "c", user: "u" } }));
  const config = {
    clusters: [{ name: "c", cluster: { server: address, "certificate-authority-data": data } }],
    users: [{ name: "u", user }],
    contexts: [...contexts, { name: "broken", context: { cluster: "gone", user: "u" } }],
    "current-context": "staging",
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;

describe("checkCluster", () => {
  test("tells context, server, version, and that the Gateway API is not there", async () => {
    const cluster = await checkCluster({ kubeconfig: await kubeconfig({}) });
    expect(cluster).toEqual({ context: "staging", server: url, version: "v1.34.2", gatewayApi: false });
  });

  test("a token that has ended is told with its end, and is not printed", async () => {
    const token = jwt({ exp: 1_700_000_000 });
    const check = checkCluster({ kubeconfig: await kubeconfig({ user: { token } }) });
    const { message } = (await check.catch((error: unknown) => error)) as Error;
    expect(message).toMatch(
      /the token expired at 2023-11-14T22:13:20.000Z[\s\S]*-> log in to the cluster again/,
    );
    expect(message).not.toContain(token);
  });

  test("a token that should still hold is told apart", async () => {
    const kubeconfigFile = await kubeconfig({ user: { token: jwt({ exp: 4_102_444_800 }) } });
    await expect(checkCluster({ kubeconfig: kubeconfigFile })).rejects.toThrow(
      "does not accept this token, valid until 2100-01-01",
    );
  });

  test("a token that says nothing about itself is not accepted", async () => {
    const kubeconfigFile = await kubeconfig({ user: { token: "opaque" } });
    await expect(checkCluster({ kubeconfig: kubeconfigFile })).rejects.toThrow(
      "does not accept this token\n",
    );
  });

  test("a client certificate that has ended is told with its end", async () => {
    const ended = { from: new Date(Date.now() - 9 * DAY_MS), until: new Date("2024-02-03T04:05:06Z") };
    const { certificate, key } = await issueCertificate(
      authority,
      { commonName: "u", usage: "client" },
      ended,
    );
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    const user = { "client-certificate-data": base64(certificate), "client-key-data": base64(key) };
    await expect(checkCluster({ kubeconfig: await kubeconfig({ user }) })).rejects.toThrow(
      "the client certificate expired at 2024-02-03T04:05:06.000Z",
    );
  });

  test("no credentials, too few rights, and something else than Kubernetes each have a message", async () => {
    const outcome = async (user: object) => checkCluster({ kubeconfig: await kubeconfig({ user }) });
    await expect(outcome({})).rejects.toThrow("has no credentials");
    await expect(outcome({ token: "forbidden" })).rejects.toThrow("does not let it read");
    await expect(outcome({ token: "not-kubernetes" })).rejects.toThrow(
      "does not answer like a Kubernetes API server",
    );
  });

  test("a server of another authority is not trusted", async () => {
    const trust = await issueAuthority("ca", validity);
    await expect(checkCluster({ kubeconfig: await kubeconfig({ trust }) })).rejects.toThrow("is not trusted");
  });

  test("a port that nobody listens on is unreachable", async () => {
    const closed = createTcpServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, "close");
    const kubeconfigFile = await kubeconfig({ server: `https://127.0.0.1:${port}` });
    await expect(checkCluster({ kubeconfig: kubeconfigFile })).rejects.toThrow(
      /cannot be reached: connect ECONNREFUSED[\s\S]*slipway sandbox up/,
    );
  });
});

describe("loadCluster", () => {
  test("a wrong context is told with all that there are, and the nearest", async () => {
    const kubeconfigFile = await kubeconfig({});
    expect(() => loadCluster({ kubeconfig: kubeconfigFile, context: "prodution" })).toThrow(
      /there is no context "prodution"[\s\S]*did you mean "production"\? the contexts are: staging, production, broken/,
    );
  });

  test("a context that leads nowhere is told", async () => {
    const kubeconfigFile = await kubeconfig({});
    expect(() => loadCluster({ kubeconfig: kubeconfigFile, context: "broken" })).toThrow(
      "names a cluster or a user",
    );
  });

  test("an address without TLS is refused", async () => {
    const kubeconfigFile = await kubeconfig({ server: "http://127.0.0.1:1" });
    expect(() => loadCluster({ kubeconfig: kubeconfigFile })).toThrow("is not reached by https");
  });

  test("a file that is missing or damaged is told", async () => {
    expect(() => loadCluster({ kubeconfig: "/no/such/file" })).toThrow("there is no such kubeconfig");
    const file = join(folder, "damaged");
    await writeFile(file, "clusters: [");
    expect(() => loadCluster({ kubeconfig: file })).toThrow("cannot be read");
  });

  test("without any kubeconfig there is no context, and none is made up", async () => {
    vi.stubEnv("KUBECONFIG", "");
    vi.stubEnv("HOME", folder);
    vi.stubEnv("KUBERNETES_SERVICE_HOST", undefined);
    expect(() => loadCluster({})).toThrow(/no context is selected[\s\S]*fetch the kubeconfig/);
    vi.unstubAllEnvs();
  });
});

test("a cluster without the Gateway API is not taken", async () => {
  vi.stubEnv("KUBECONFIG", await kubeconfig({}));
  const [step] = contextSteps("staging");
  const context = { report: () => {}, signal: new AbortController().signal };
  await expect(step?.run(context)).rejects.toThrow("does not have the Gateway API");
  vi.unstubAllEnvs();
});
