import { existsSync } from "node:fs";
import { type RequestOptions, request } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { type Fault, UserError } from "../infra/lib/errors.ts";
import { nearest } from "../infra/lib/nearest.ts";
import { type Credentials, credentialEnd } from "./credentials.ts";

/** Which cluster: without `kubeconfig` the user's own files, without `context` the current one. */
export interface ClusterAddress {
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** A cluster that answered. */
export interface ReachableCluster {
  readonly context: string;
  readonly server: string;
  /** `v1.34.2` */
  readonly version: string;
  /** Whether it serves the Gateway API's version v1. */
  readonly gatewayApi: boolean;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

const TIMEOUT_MS = 5_000;
const UNTRUSTED = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "CERT_HAS_EXPIRED",
]);

/** Reads the kubeconfig and selects the context. Throws a {@link UserError} that lists what there is. */
export function loadCluster({ kubeconfig, context }: ClusterAddress): KubeConfig {
  const where = kubeconfig ?? process.env.KUBECONFIG ?? "~/.kube/config";
  const config = readKubeconfig(kubeconfig, where);
  const names = config.getContexts().map(({ name }) => name);
  const wanted = context ?? config.getCurrentContext();
  if (!names.includes(wanted)) {
    const what = wanted ? `there is no context "${wanted}"` : "no context is selected";
    throw new UserError({ what, where, remedy: contextRemedy(wanted, names) });
  }
  config.setCurrentContext(wanted);
  const cluster = config.getCurrentCluster();
  if (cluster === null || config.getCurrentUser() === null) {
    throw new UserError({
      what: `the context "${wanted}" names a cluster or a user that the file does not have`,
      where,
      remedy: `kubectl config get-contexts shows them; kubectl config set-context ${wanted} --cluster … --user … mends it`,
    });
  }
  if (!cluster.server.startsWith("https://")) {
    throw new UserError({
      what: `the server of context "${wanted}" is not reached by https: ${cluster.server}`,
      where,
      remedy: "name the address that speaks TLS",
    });
  }
  return config;
}

function contextRemedy(wanted: string, names: readonly string[]): string {
  if (names.length === 0) return "fetch the kubeconfig of your cluster, or name its file in KUBECONFIG";
  const near = wanted ? nearest(wanted, names) : undefined;
  const guess = near === undefined ? "" : `did you mean "${near}"? `;
  return `${guess}the contexts are: ${names.join(", ")}`;
}

/**
 * Asks a cluster for its version, as the context's user. Throws a {@link UserError} that tells apart: no such context,
 * unreachable, not trusted, credentials expired or refused, not Kubernetes.
 */
export async function checkCluster(address: ClusterAddress): Promise<ReachableCluster> {
  const config = loadCluster(address);
  const { server } = config.getCurrentCluster() as { server: string };
  const context = config.getCurrentContext();
  const version = await ask(config, "/version");
  const fault = answerFault(version, { context, server }, await credentialsOf(config), new Date());
  if (fault !== undefined) throw new UserError(fault);
  const gateway = await ask(config, "/apis/gateway.networking.k8s.io/v1");
  return { context, server, version: versionOf(version.body) as string, gatewayApi: gateway.status === 200 };
}

interface Target {
  readonly context: string;
  readonly server: string;
}

/** What an answer to `/version` means; undefined when all is well. Pure. */
export function answerFault(
  { status, body }: Answer,
  { context, server }: Target,
  credentials: Credentials,
  now: Date,
): Fault | undefined {
  const where = `context ${context}, ${server}`;
  if (status === 401) return { what: refusal(credentials, now), where, remedy: loginRemedy(context) };
  if (status === 403) {
    return {
      what: "the cluster knows this user but does not let it read even the version",
      where,
      remedy: "ask the cluster's administrator for a role",
    };
  }
  if (status !== 200 || versionOf(body) === undefined) {
    return {
      what: `this does not answer like a Kubernetes API server (status ${status})`,
      where,
      remedy: "check the server's address in the kubeconfig; a proxy may be in the way",
    };
  }
  return undefined;
}

/** What a failed connection means. Pure. */
export function connectionFault(error: NodeJS.ErrnoException, { context, server }: Target): Fault {
  const where = `context ${context}, ${server}`;
  const code = error.code ?? "";
  if (UNTRUSTED.has(code)) {
    return {
      what: `the server's certificate is not trusted: ${error.message}`,
      where,
      remedy: "the cluster was made anew, or this is another server: fetch its kubeconfig again",
    };
  }
  return {
    what: `the cluster cannot be reached: ${error.message || code}`,
    where,
    remedy:
      "start the cluster, or its VPN; another one: --context NAME; the embedded one: slipway sandbox up",
  };
}

function refusal({ kind, end }: Credentials, now: Date): string {
  if (kind === "none") return "the kubeconfig has no credentials for this cluster";
  if (end === undefined) return `the cluster does not accept this ${kind}`;
  const moment = end.toISOString();
  return end < now
    ? `the ${kind} expired at ${moment}`
    : `the cluster does not accept this ${kind}, valid until ${moment}`;
}

function loginRemedy(context: string): string {
  return `log in to the cluster again, so that the kubeconfig gets new credentials; check: kubectl --context ${context} auth whoami`;
}

function versionOf(body: string): string | undefined {
  try {
    const { gitVersion } = JSON.parse(body) as { gitVersion?: unknown };
    return typeof gitVersion === "string" ? gitVersion : undefined;
  } catch {
    return undefined;
  }
}

function readKubeconfig(file: string | undefined, where: string): KubeConfig {
  if (file !== undefined && !existsSync(file)) {
    throw new UserError({ what: "there is no such kubeconfig", where, remedy: "name another file, or none" });
  }
  const config = new KubeConfig();
  try {
    if (file === undefined) config.loadFromDefault();
    else config.loadFromFile(file);
  } catch (error) {
    throw new UserError({
      what: `the kubeconfig cannot be read: ${(error as Error).message}`,
      where,
      remedy: "kubectl config view shows what is wrong with it",
    });
  }
  return isInvented(config) ? new KubeConfig() : config;
}

/** Where there is no kubeconfig, the client library makes one up, as kubectl once did. */
function isInvented(config: KubeConfig): boolean {
  return config.getCurrentCluster()?.server === "http://localhost:8080";
}

async function credentialsOf(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers = options.headers as Record<string, string> | undefined;
  return credentialEnd(headers?.Authorization, options.cert as string | Buffer | undefined);
}

async function ask(config: KubeConfig, path: string): Promise<Answer> {
  const { server } = config.getCurrentCluster() as { server: string };
  const target = { context: config.getCurrentContext(), server };
  const options: RequestOptions = { timeout: TIMEOUT_MS };
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw new UserError({
      what: `the kubeconfig's credentials cannot be had: ${(error as Error).message}`,
      where: `context ${target.context}`,
      remedy: loginRemedy(target.context),
    });
  }
  const url = new URL(server.replace(/\/$/, "") + path);
  try {
    return await send(url, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new UserError(connectionFault(error as NodeJS.ErrnoException, target));
  }
}

function send(url: URL, options: RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(url, options, (answer) => {
      let body = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        body += chunk;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
      answer.on("error", reject);
    });
    call.on("timeout", () => call.destroy(timeoutError()));
    call.on("error", reject);
    call.end();
  });
}

function timeoutError(): NodeJS.ErrnoException {
  return Object.assign(new Error(`no answer within ${TIMEOUT_MS / 1_000} s`), { code: "ETIMEDOUT" });
}
