import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { type Header, type Pack, pack } from "tar-stream";

/** One entry of a layer. Owner is always root, the time always the same, so equal input gives an equal digest. */
export type LayerEntry = { readonly path: string; readonly mode: number } & (
  | { readonly type: "folder" }
  | { readonly type: "text"; readonly text: string }
  /** Content of a file of this machine; symbolic links are followed. */
  | { readonly type: "file"; readonly from: string }
);

/** Entries of one layer; a layer that several images share is written and kept once. */
export type Layer = readonly LayerEntry[];

/** Digest (`sha256:…`) and size in bytes of a blob. */
export interface Blob {
  readonly digest: string;
  readonly size: number;
}

type TarHeader = Partial<Header> & Pick<Header, "name">;

const FIXED_TIME = new Date("2020-01-01T00:00:00Z");

/** The header of a tar entry that depends on nothing but its arguments. */
export function tarHeader(path: string, mode: number, type: "file" | "directory", size: number): TarHeader {
  return { name: path, mode, type, size, mtime: FIXED_TIME, uid: 0, gid: 0, uname: "root", gname: "root" };
}

/** The layer as a tar stream: parent folders first, each once, all in the order of their paths. */
export function layerStream(layer: Layer): Readable {
  const tar = pack();
  writeEntries(tar, withParents(layer)).then(
    () => tar.finalize(),
    (error: Error) => tar.destroy(error),
  );
  return Readable.from(tar, { objectMode: false });
}

/** Digest and size of the layer's tar. */
export async function measureLayer(layer: Layer): Promise<Blob> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of layerStream(layer)) {
    size += (chunk as Buffer).length;
    hash.update(chunk as Buffer);
  }
  return { digest: `sha256:${hash.digest("hex")}`, size };
}

/** The entries and the folders above them, sorted by path. */
export function withParents(layer: Layer): LayerEntry[] {
  const entries = new Map<string, LayerEntry>();
  for (const { path } of layer) {
    const parts = path.split("/").slice(0, -1);
    for (const [index] of parts.entries()) {
      const folder = parts.slice(0, index + 1).join("/");
      entries.set(folder, { path: folder, mode: 0o755, type: "folder" });
    }
  }
  for (const entry of layer) entries.set(entry.path, entry);
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function writeEntries(tar: Pack, entries: readonly LayerEntry[]): Promise<void> {
  for (const entry of entries) {
    if (entry.type === "folder") tar.entry(tarHeader(entry.path, entry.mode, "directory", 0));
    else if (entry.type === "text")
      tar.entry(tarHeader(entry.path, entry.mode, "file", Buffer.byteLength(entry.text)), entry.text);
    else await writeFileEntry(tar, entry.path, entry.mode, entry.from);
  }
}

async function writeFileEntry(tar: Pack, path: string, mode: number, from: string): Promise<void> {
  const { size } = await stat(from);
  const sink = tar.entry(tarHeader(path, mode, "file", size));
  await pipeline(createReadStream(from, { highWaterMark: 1 << 20 }), sink);
  await finished(sink, { readable: false });
}
