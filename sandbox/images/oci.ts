import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";
import { type Blob, type Layer, layerStream, measureLayer, tarHeader } from "./layer.ts";

/** What an image runs, as in the OCI image config. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly user: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly workingFolder?: string;
}

/** An image to be made: layers from the bottom to the top, and its config. */
export interface ImageSpec {
  /** Without registry: `demo`. */
  readonly name: string;
  readonly tag: string;
  readonly layers: readonly Layer[];
  readonly config: ImageConfig;
}

/** An image whose digests are known. */
export interface MeasuredImage {
  readonly spec: ImageSpec;
  readonly layers: readonly Blob[];
  /** The config as JSON. */
  readonly config: string;
  /** The manifest as JSON. */
  readonly manifest: string;
  /** Digest of the manifest. */
  readonly digest: string;
}

/** Names under which the node knows an image. */
export interface ImageReferences {
  /** `slipway.local/demo:r1` */
  readonly tagged: string;
  /** `slipway.local/demo@sha256:…` */
  readonly pinned: string;
}

/** Host part of the images' names; nothing answers there, so a pull can never succeed by accident. */
export const REGISTRY = "slipway.local";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar";
const CREATED = "2020-01-01T00:00:00Z";

const digestOf = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

/** The two names of an image. */
export function references({ name, tag }: Pick<ImageSpec, "name" | "tag">, digest: string): ImageReferences {
  return { tagged: `${REGISTRY}/${name}:${tag}`, pinned: `${REGISTRY}/${name}@${digest}` };
}

/**
 * Reads all files of an image and works out its digest. `measured` holds the layers measured so far, by identity.
 * @param architecture as Go names it: `amd64`, `arm64`.
 */
export async function measureImage(
  spec: ImageSpec,
  architecture: string,
  measured: Map<Layer, Promise<Blob>> = new Map(),
): Promise<MeasuredImage> {
  const layers = await Promise.all(
    spec.layers.map((layer) => {
      const blob = measured.get(layer) ?? measureLayer(layer);
      measured.set(layer, blob);
      return blob;
    }),
  );
  const config = imageConfig(spec.config, architecture, layers);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, digest: digestOf(config), size: Buffer.byteLength(config) },
    layers: layers.map(({ digest, size }) => ({ mediaType: LAYER, digest, size })),
  });
  return { spec, layers, config, manifest, digest: digestOf(manifest) };
}

function imageConfig(config: ImageConfig, architecture: string, layers: readonly Blob[]): string {
  return JSON.stringify({
    created: CREATED,
    architecture,
    os: "linux",
    config: {
      User: config.user,
      Env: Object.entries(config.environment ?? {}).map(([name, value]) => `${name}=${value}`),
      Entrypoint: config.entrypoint,
      WorkingDir: config.workingFolder ?? "/",
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
    history: layers.map(() => ({ created: CREATED })),
  });
}

/** One OCI image layout, as a tar stream, that holds all the images under both of their names; each blob once. */
export function archiveStream(images: readonly MeasuredImage[]): Readable {
  const tar = pack();
  writeArchive(tar, images).then(
    () => tar.finalize(),
    (error: Error) => tar.destroy(error),
  );
  return Readable.from(tar, { objectMode: false });
}

/** The archive's `index.json`: each manifest once per name. */
export function archiveIndex(images: readonly MeasuredImage[]): string {
  const manifests = images.flatMap(({ spec, manifest, digest }) => {
    const { tagged, pinned } = references(spec, digest);
    return [tagged, pinned].map((name) => ({
      mediaType: MANIFEST,
      digest,
      size: Buffer.byteLength(manifest),
      annotations: { "io.containerd.image.name": name },
    }));
  });
  return JSON.stringify({ schemaVersion: 2, manifests });
}

async function writeArchive(tar: Pack, images: readonly MeasuredImage[]): Promise<void> {
  writeText(tar, "oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  writeText(tar, "index.json", archiveIndex(images));
  const written = new Set<string>();
  const isNew = (digest: string) => !written.has(digest) && written.add(digest);
  for (const { spec, layers, config, manifest, digest } of images) {
    if (isNew(digest)) writeText(tar, blobPath(digest), manifest);
    if (isNew(digestOf(config))) writeText(tar, blobPath(digestOf(config)), config);
    for (const [index, blob] of layers.entries()) {
      if (isNew(blob.digest)) await writeLayer(tar, blob, spec.layers[index] as Layer);
    }
  }
}

async function writeLayer(tar: Pack, { digest, size }: Blob, layer: Layer): Promise<void> {
  await pipeline(layerStream(layer), tar.entry(tarHeader(blobPath(digest), 0o644, "file", size)));
}

function writeText(tar: Pack, path: string, text: string): void {
  tar.entry(tarHeader(path, 0o644, "file", Buffer.byteLength(text)), text);
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}
