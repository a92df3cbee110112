/** The parts of an image's name, with what may be left out filled in as Kubernetes does. */
export interface ImageReference {
  /** Host, with a port where it has one: `ghcr.io`, `docker.io`, `127.0.0.1:5000`. */
  readonly registry: string;
  /** `acme/demo`; `library/nginx` for `nginx`. */
  readonly repository: string;
  readonly tag: string | undefined;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string | undefined;
}

const DOCKER_HUB = "docker.io";

/** Reads the name of an image as pods give it. The stack file's schema has checked its form. */
export function parseReference(image: string): ImageReference {
  const [name = "", digest] = image.split("@");
  const [first = "", ...others] = name.split("/");
  const isHost = others.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const registry = isHost ? first : DOCKER_HUB;
  const [repository = "", tag] = (isHost ? others.join("/") : name).split(":");
  const isOfficial = registry === DOCKER_HUB && !repository.includes("/");
  return { registry, repository: isOfficial ? `library/${repository}` : repository, tag, digest };
}

/** What a registry and a node call the image: its digest where it is given, else its tag. */
export function versionOf({ tag = "latest", digest }: ImageReference): string {
  return digest ?? tag;
}

/** The full name under which a node lists the image: a digest says more than a tag. */
export function fullName(reference: ImageReference): string {
  const { registry, repository, digest } = reference;
  return `${registry}/${repository}${digest === undefined ? ":" : "@"}${versionOf(reference)}`;
}
