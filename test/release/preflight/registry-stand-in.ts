import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How the stand-in behaves. */
export interface RegistryTraits {
  /** What it wants before it answers. @default nothing */
  readonly wants?: "bearer" | "basic";
  /** User and password that it takes, as Basic credentials. Without: it gives tokens to anybody. */
  readonly credentials?: string;
  /** Where it sends for tokens. @default itself */
  readonly realm?: string;
  /** Whether it names the digest in a header. @default true */
  readonly namesDigest?: boolean;
  /** A status that it answers everything with. */
  readonly status?: number;
}

const TOKEN = "a-token-for-pulls";

/** `acme/demo:r1` or `acme/demo@sha256:…` -> a manifest, and the digest that the registry says it has. */
export type Manifests = Readonly<Record<string, { readonly bytes: string; readonly digest: string }>>;

/** A registry on this machine. */
export class RegistryStandIn {
  readonly requests: string[] = [];
  host = "";
  readonly #server: Server;
  readonly #manifests: Manifests;
  readonly #traits: RegistryTraits;

  private constructor(manifests: Manifests, traits: RegistryTraits) {
    this.#manifests = manifests;
    this.#traits = traits;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(manifests: Manifests, traits: RegistryTraits = {}): Promise<RegistryStandIn> {
    const registry = new RegistryStandIn(manifests, traits);
    await new Promise<void>((resolve) => registry.#server.listen(0, "127.0.0.1", resolve));
    registry.host = `127.0.0.1:${(registry.#server.address() as AddressInfo).port}`;
    return registry;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "", `http://${this.host}`);
    this.requests.push(`${request.method} ${url.pathname}${url.search}`);
    if (this.#traits.status !== undefined) response.writeHead(this.#traits.status).end();
    else if (url.pathname === "/token") this.#token(request, response);
    else if (this.#isLetIn(request)) this.#manifest(url.pathname, request, response);
    else response.writeHead(401, { "www-authenticate": this.#challenge() }).end();
  }

  #challenge(): string {
    if (this.#traits.wants === "basic") return 'Basic realm="registry"';
    const { realm = `http://${this.host}/token` } = this.#traits;
    return `Bearer realm="${realm}",service="stand-in",scope="repository:acme/demo:pull"`;
  }

  #token({ headers }: IncomingMessage, response: ServerResponse): void {
    const { credentials } = this.#traits;
    if (credentials !== undefined && headers.authorization !== `Basic ${btoa(credentials)}`)
      response.writeHead(401).end();
    else
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ token: TOKEN }));
  }

  #isLetIn({ headers }: IncomingMessage): boolean {
    const { wants, credentials = "" } = this.#traits;
    if (wants === undefined) return true;
    return headers.authorization === (wants === "bearer" ? `Bearer ${TOKEN}` : `Basic ${btoa(credentials)}`);
  }

  #manifest(path: string, request: IncomingMessage, response: ServerResponse): void {
    const [, repository, version = ""] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(path) ?? [];
    const found = this.#manifests[`${repository}${version.startsWith("sha256:") ? "@" : ":"}${version}`];
    if (found === undefined || !request.headers.accept?.includes("application/vnd.oci.image.index.v1+json"))
      return void response.writeHead(404).end();
    const { namesDigest = true } = this.#traits;
    response.writeHead(200, {
      "content-type": "application/vnd.oci.image.index.v1+json",
      ...(namesDigest ? { "docker-content-digest": found.digest } : {}),
    });
    response.end(request.method === "HEAD" ? undefined : found.bytes);
  }
}
