import { createHash } from "node:crypto";
import { type ImageReference, versionOf } from "./reference.ts";

/** What a registry says of an image. */
export type RegistryAnswer =
  | { readonly kind: "there"; readonly digest: string }
  | { readonly kind: "absent" }
  /** It gave no answer to the question, and why. */
  | { readonly kind: "unknown"; readonly why: string };

/** Every kind of manifest that a pod's image can be: for one platform, or for several. */
const MANIFESTS = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const TIMEOUT_MS = 10_000;

/**
 * Asks an image's registry for its digest, by the OCI distribution API and with the token flow of its registries.
 * HTTPS only, except on this machine.
 * @param credentials value of an Authorization header, for registries that want to know who asks
 */
export async function askRegistry(
  reference: ImageReference,
  credentials: string | undefined,
): Promise<RegistryAnswer> {
  try {
    return await ask(reference, credentials);
  } catch (error) {
    return { kind: "unknown", why: reasonOf(error) };
  }
}

async function ask(reference: ImageReference, credentials: string | undefined): Promise<RegistryAnswer> {
  const url = manifestUrl(reference);
  let authorization: string | undefined;
  const request = (method: string) => send(url, { method, accept: MANIFESTS, authorization });
  let answer = await request("HEAD");
  if (answer.status === 401) {
    authorization = await authorize(answer.headers.get("www-authenticate") ?? "", reference, credentials);
    if (authorization !== undefined) answer = await request("HEAD");
  }
  if (answer.status === 404) return { kind: "absent" };
  if (!answer.ok) return { kind: "unknown", why: refusal(answer.status, credentials) };
  const digest = answer.headers.get("docker-content-digest");
  return { kind: "there", digest: digest ?? (await digestOf(await request("GET"))) };
}

/** For registries that do not name the digest: it is the hash of the manifest's bytes. */
async function digestOf(answer: Response): Promise<string> {
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const hash = createHash("sha256").update(new Uint8Array(await answer.arrayBuffer()));
  return `sha256:${hash.digest("hex")}`;
}

function manifestUrl(reference: ImageReference): URL {
  const { registry, repository } = reference;
  const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
  const url = new URL(`https://${host}/v2/${repository}/manifests/${versionOf(reference)}`);
  if (isThisMachine(url)) url.protocol = "http:";
  return url;
}

function isThisMachine({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

/** The Authorization header that a registry's challenge asks for; undefined where we have none to give. */
async function authorize(
  challenge: string,
  { repository }: ImageReference,
  credentials: string | undefined,
): Promise<string | undefined> {
  if (/^basic\b/i.test(challenge)) return credentials;
  if (!/^bearer\b/i.test(challenge)) return undefined;
  const parameters = new Map(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]),
  );
  const url = new URL(parameters.get("realm") ?? "");
  if (url.protocol !== "https:" && !isThisMachine(url))
    throw new Error(`it wants credentials sent in clear text to ${url.host}`);
  url.searchParams.set("scope", parameters.get("scope") ?? `repository:${repository}:pull`);
  const service = parameters.get("service");
  if (service !== undefined) url.searchParams.set("service", service);
  const answer = await send(url, { method: "GET", accept: "application/json", authorization: credentials });
  if (!answer.ok) throw new Error(`${url.host}: ${refusal(answer.status, credentials)}`);
  const { token, access_token } = (await answer.json()) as { token?: string; access_token?: string };
  return `Bearer ${token ?? access_token}`;
}

interface Question {
  readonly method: string;
  readonly accept: string;
  readonly authorization: string | undefined;
}

function send(url: URL, { method, accept, authorization }: Question): Promise<Response> {
  return fetch(url, {
    method,
    headers: { accept, ...(authorization === undefined ? {} : { authorization }) },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
}

function refusal(status: number, credentials: string | undefined): string {
  if (status !== 401 && status !== 403) return `it answers with status ${status}`;
  return credentials === undefined
    ? "it wants credentials, and there are none on this machine"
    : "it does not accept this machine's credentials";
}

/** `fetch` hides the reason in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer within ${TIMEOUT_MS / 1_000} s`;
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message || String((cause as NodeJS.ErrnoException).code ?? error.message);
}
