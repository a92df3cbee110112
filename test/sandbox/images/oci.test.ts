import { createHash } from "node:crypto";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { extract, type Header } from "tar-stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Layer, layerStream, measureLayer, withParents } from "../../../sandbox/images/layer.ts";
import { archiveStream, type ImageSpec, measureImage, references } from "../../../sandbox/images/oci.ts";

interface Entry {
  readonly header: Header;
  readonly content: Buffer;
}

let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-images-"));
  program = join(folder, "program");
  await writeFile(program, Buffer.alloc(3_000_000, "x"));
});

afterAll(() => rm(folder, { recursive: true }));

async function readTar(stream: Readable): Promise<Entry[]> {
  const entries: Entry[] = [];
  const reader = extract();
  const done = (async () => {
    for await (const entry of reader) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      entries.push({ header: entry.header, content: Buffer.concat(chunks) });
    }
  })();
  for await (const chunk of stream) {
    if (!reader.write(chunk)) await new Promise((resolve) => reader.once("drain", () => resolve(undefined)));
  }
  reader.end(Buffer.alloc(0));
  await done;
  return entries;
}

const sha256 = (data: Buffer) => `sha256:${createHash("sha256").update(data).digest("hex")}`;

const layer = (): Layer => [
  { path: "usr/bin/program", mode: 0o755, type: "file", from: program },
  { path: "etc/passwd", mode: 0o644, type: "text", text: "root:ü\n" },
  { path: "tmp", mode: 0o1777, type: "folder" },
];

const spec = (tag: string, shared: Layer): ImageSpec => ({
  name: "demo",
  tag,
  layers: [shared, [{ path: "app/release", mode: 0o644, type: "text", text: tag }]],
  config: {
    entrypoint: ["/usr/bin/program"],
    user: "65532:65532",
    environment: { PATH: "/bin" },
    workingFolder: "/app",
  },
});

describe("a layer", () => {
  test("holds its entries and the folders above them, in the order of their paths", async () => {
    const entries = await readTar(layerStream(layer()));
    expect(entries.map(({ header }) => [header.name, header.type, header.mode.toString(8)])).toEqual([
      ["etc", "directory", "755"],
      ["etc/passwd", "file", "644"],
      ["tmp", "directory", "1777"],
      ["usr", "directory", "755"],
      ["usr/bin", "directory", "755"],
      ["usr/bin/program", "file", "755"],
    ]);
    expect(entries[1]?.content.toString()).toBe("root:ü\n");
    expect(entries[5]?.content.length).toBe(3_000_000);
  });

  test("an entry wins over the folder that would be made for it", () => {
    const entries: Layer = [
      { path: "a/b", mode: 0o644, type: "text", text: "" },
      { path: "a", mode: 0o700, type: "folder" },
    ];
    expect(withParents(entries).map(({ path, mode }) => [path, mode])).toEqual([
      ["a", 0o700],
      ["a/b", 0o644],
    ]);
  });

  test("has the same digest whatever the order of its entries and the age of its files", async () => {
    const first = await measureLayer(layer());
    await utimes(program, 1, 1);
    expect(await measureLayer([...layer()].reverse())).toEqual(first);
  });

  test("has another digest with another content or mode", async () => {
    const { digest } = await measureLayer(layer());
    const open = layer().map((entry) => ({ ...entry, mode: 0o777 }));
    expect((await measureLayer(open)).digest).not.toBe(digest);
    const other: Layer = [...layer(), { path: "x", mode: 0o644, type: "text", text: "" }];
    expect((await measureLayer(other)).digest).not.toBe(digest);
  });

  test("is refused when a file is missing", async () => {
    const missing: Layer = [{ path: "p", mode: 0o755, type: "file", from: join(folder, "nothing") }];
    await expect(measureLayer(missing)).rejects.toThrow("ENOENT");
  });
});

describe("an archive", () => {
  test("names every blob by the digest of its content, and holds each once", async () => {
    const shared = layer();
    const measured = new Map();
    const images = await Promise.all(
      ["r1", "r2"].map((tag) => measureImage(spec(tag, shared), "amd64", measured)),
    );
    const entries = await readTar(archiveStream(images));
    const blobs = entries.filter(({ header }) => header.name.startsWith("blobs/"));
    for (const { header, content } of blobs)
      expect(header.name).toBe(`blobs/${sha256(content).replace(":", "/")}`);
    expect(new Set(blobs.map(({ header }) => header.name)).size).toBe(blobs.length);
    // Two manifests, two configs, one shared layer, two layers with the release.
    expect(blobs).toHaveLength(7);
  });

  test("leads from its index over manifest and config to the layers", async () => {
    const image = await measureImage(spec("r1", layer()), "arm64");
    const entries = new Map(
      (await readTar(archiveStream([image]))).map(({ header, content }) => [header.name, content]),
    );
    const json = (digest: string) => JSON.parse(String(entries.get(`blobs/${digest.replace(":", "/")}`)));
    const index = JSON.parse(String(entries.get("index.json")));
    expect(index.manifests.map((item: { digest: string }) => item.digest)).toEqual([
      image.digest,
      image.digest,
    ]);
    const names = index.manifests.flatMap(({ annotations }: { annotations: object }) =>
      Object.values(annotations),
    );
    expect(names).toEqual(["slipway.local/demo:r1", `slipway.local/demo@${image.digest}`]);
    const manifest = json(image.digest);
    const config = json(manifest.config.digest);
    expect(config).toMatchObject({
      architecture: "arm64",
      os: "linux",
      config: {
        User: "65532:65532",
        Env: ["PATH=/bin"],
        Entrypoint: ["/usr/bin/program"],
        WorkingDir: "/app",
      },
      rootfs: { diff_ids: manifest.layers.map(({ digest }: { digest: string }) => digest) },
    });
    for (const { digest, size } of manifest.layers) {
      expect(entries.get(`blobs/${digest.replace(":", "/")}`)?.length).toBe(size);
    }
  });

  test("is the same to the last byte for the same input", async () => {
    const bytes = async () => {
      const hash = createHash("sha256");
      for await (const chunk of archiveStream([await measureImage(spec("r1", layer()), "amd64")]))
        hash.update(chunk);
      return hash.digest("hex");
    };
    expect(await bytes()).toBe(await bytes());
  });
});

test("the digest tells releases, users, environments and architectures apart", async () => {
  const shared = layer();
  const image = spec("r1", shared);
  const all = await Promise.all([
    measureImage(image, "amd64"),
    measureImage(image, "arm64"),
    measureImage(spec("r2", shared), "amd64"),
    measureImage({ ...image, config: { ...image.config, user: "0:0" } }, "amd64"),
    measureImage({ ...image, config: { ...image.config, environment: { FAULT_CRASH: "true" } } }, "amd64"),
  ]);
  expect(new Set(all.map(({ digest }) => digest)).size).toBe(5);
});

test("references give both forms that a pod may use", () => {
  expect(references({ name: "demo", tag: "r1" }, "sha256:abc")).toEqual({
    tagged: "slipway.local/demo:r1",
    pinned: "slipway.local/demo@sha256:abc",
  });
});
