import { createHash } from "node:crypto";
import { realpathSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import { writeWhole } from "../../machine/processes.ts";
import type { StepContext } from "../../machine/steps.ts";
import type { Layout } from "../layout.ts";
import { imageSpecs } from "./catalogue.ts";
import type { Blob, Layer, LayerEntry } from "./layer.ts";
import {
  archiveStream,
  type ImageReferences,
  type ImageSpec,
  type MeasuredImage,
  measureImage,
  references,
} from "./oci.ts";

/** An image of the sandbox, as pods name it. */
export interface SandboxImage extends ImageReferences {
  readonly name: string;
  readonly tag: string;
  /** Digest of the manifest. */
  readonly digest: string;
}

/** Fingerprint of an image's inputs -> digest. */
type KnownDigests = Readonly<Record<string, string>>;

/** A store takes one stream on one processor; more than two at once gain nothing on small machines. */
const PARALLEL_IMPORTS = 2;
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** Where images go: the node's own containerd, or a cluster made by kind. */
export interface ImageStore {
  /** Name -> manifest digest of what it holds. */
  present(): Promise<ReadonlyMap<string, string>>;
  /** Takes an OCI layout as tar stream. `title` names its images. */
  take(archive: Readable, title: string, signal: AbortSignal): Promise<void>;
}

/** The images as the last `up` made them; empty before it. */
export async function sandboxImages(place: Layout): Promise<SandboxImage[]> {
  const known = await readKnown(place.images);
  return (await imageSpecs()).flatMap((spec) => {
    const digest = known[fingerprint(spec)];
    return digest === undefined ? [] : [describe(spec, digest)];
  });
}

/**
 * Makes every image that the store lacks and hands it over. Images whose inputs are unchanged are not read again.
 * @returns names of the images made just now.
 */
export async function ensureImages(
  place: Layout,
  store: ImageStore,
  specs: readonly ImageSpec[],
  context: StepContext,
): Promise<string[]> {
  const known = await readKnown(place.images);
  const present = await store.present();
  const isThere = (spec: ImageSpec) => {
    const digest = known[fingerprint(spec)];
    if (digest === undefined) return false;
    const { tagged, pinned } = references(spec, digest);
    return present.get(tagged) === digest && present.get(pinned) === digest;
  };
  const missing = groupByName(specs.filter((spec) => !isThere(spec)));
  const make = (group: readonly ImageSpec[]) => makeGroup(store, group, context);
  const made = (await inParallel(missing, PARALLEL_IMPORTS, make)).flat();
  if (made.length === 0) return [];
  const digests = new Map(made.map(({ spec, digest }) => [fingerprint(spec), digest]));
  const current = specs.map((spec) => [
    fingerprint(spec),
    digests.get(fingerprint(spec)) ?? known[fingerprint(spec)],
  ]);
  await writeWhole(place.images, JSON.stringify(Object.fromEntries(current)));
  return made.map(({ spec }) => titleOf(spec));
}

/** Reads and hands over the images of one name. */
async function makeGroup(
  store: ImageStore,
  specs: readonly ImageSpec[],
  { report, signal }: StepContext,
): Promise<MeasuredImage[]> {
  const title = specs.map(titleOf).join(", ");
  const layers = new Map<Layer, Promise<Blob>>();
  const measured: MeasuredImage[] = [];
  report(`reading ${title}`);
  for (const spec of specs) {
    signal.throwIfAborted();
    measured.push(await measureImage(spec, architecture(), layers));
  }
  report(`importing ${title}`);
  await store.take(archiveStream(measured), title, signal);
  return measured;
}

/** Runs the work for each item, at most `limit` at once; results in the order of the items. */
async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}

/** Images of one name share layers, so they go into one archive. */
function groupByName(specs: readonly ImageSpec[]): ImageSpec[][] {
  return Object.values(Object.groupBy(specs, ({ name }) => name)).map((group) => group ?? []);
}

/** Changes whenever the image may change: texts by content, files by place, size and time. */
function fingerprint(spec: ImageSpec): string {
  const entry = (item: LayerEntry) => {
    if (item.type !== "file") return item;
    const { size, mtimeMs } = statSync(realpathSync(item.from));
    return [item.path, item.mode, item.from, size, mtimeMs];
  };
  const inputs = [spec.name, spec.tag, spec.config, spec.layers.map((layer) => layer.map(entry))];
  return createHash("sha256").update(JSON.stringify(inputs)).digest("hex");
}

async function readKnown(file: string): Promise<KnownDigests> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as KnownDigests;
  } catch {
    return {};
  }
}

function titleOf({ name, tag }: ImageSpec): string {
  return `${name}:${tag}`;
}

function describe({ name, tag }: ImageSpec, digest: string): SandboxImage {
  return { name, tag, digest, ...references({ name, tag }, digest) };
}

function architecture(): string {
  return ARCHITECTURES[process.arch] ?? process.arch;
}
