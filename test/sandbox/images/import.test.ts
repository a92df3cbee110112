import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StepContext } from "../../../machine/steps.ts";
import { parseImages } from "../../../sandbox/images/containerd-store.ts";
import { ensureImages, type ImageStore } from "../../../sandbox/images/import.ts";
import { parseLdd } from "../../../sandbox/images/libraries.ts";
import { archiveIndex, type ImageSpec, measureImage } from "../../../sandbox/images/oci.ts";
import { type Layout, layout } from "../../../sandbox/layout.ts";

const context: StepContext = { report: () => {}, signal: new AbortController().signal };
let place: Layout;
let program: string;

beforeEach(async () => {
  place = layout(await mkdtemp(join(tmpdir(), "slipway-import-")));
  program = join(place.root, "program");
  await writeFile(program, "one");
});

afterEach(() => rm(place.root, { recursive: true }));

const specs = (): ImageSpec[] =>
  ["r1", "r2"].map((tag) => ({
    name: "demo",
    tag,
    layers: [
      [{ path: "program", mode: 0o755, type: "file", from: program }],
      [{ path: "release", mode: 0o644, type: "text", text: tag }],
    ],
    config: { entrypoint: ["/program"], user: "1:1" },
  }));

/** A store that keeps what it is given, as containerd would: it reads the archive and lists its index's names. */
function memoryStore() {
  const names = new Map<string, string>();
  let taken = 0;
  const store: ImageStore = {
    present: async () => names,
    take: async (archive) => {
      taken++;
      for await (const _ of archive);
      for (const spec of specs()) {
        const image = await measureImage(spec, process.arch === "arm64" ? "arm64" : "amd64");
        const { manifests } = JSON.parse(archiveIndex([image]));
        for (const item of manifests) names.set(item.annotations["io.containerd.image.name"], item.digest);
      }
    },
  };
  return { store, names, taken: () => taken };
}

test("images are made once, in one archive per name", async () => {
  const { store, taken, names } = memoryStore();
  expect(await ensureImages(place, store, specs(), context)).toEqual(["demo:r1", "demo:r2"]);
  expect(taken()).toBe(1);
  expect([...names.keys()].filter((name) => name.includes(":r"))).toEqual([
    "slipway.local/demo:r1",
    "slipway.local/demo:r2",
  ]);
  expect(await ensureImages(place, store, specs(), context)).toEqual([]);
  expect(taken()).toBe(1);
});

test("an image that the store has lost is made again", async () => {
  const { store, names } = memoryStore();
  await ensureImages(place, store, specs(), context);
  names.delete("slipway.local/demo:r2");
  expect(await ensureImages(place, store, specs(), context)).toEqual(["demo:r2"]);
});

test("a changed program makes new images", async () => {
  const { store } = memoryStore();
  await ensureImages(place, store, specs(), context);
  await writeFile(program, "two");
  await utimes(program, 5, 5);
  expect(await ensureImages(place, store, specs(), context)).toEqual(["demo:r1", "demo:r2"]);
});

test("after an import that failed, the next one tries again", async () => {
  const { store } = memoryStore();
  const failing = { ...store, take: () => Promise.reject(new Error("disk full")) };
  await expect(ensureImages(place, failing, specs(), context)).rejects.toThrow("disk full");
  expect(await ensureImages(place, store, specs(), context)).toEqual(["demo:r1", "demo:r2"]);
});

test("parseImages reads containerd's table", () => {
  const table = `REF                       TYPE                                       DIGEST        SIZE    PLATFORMS   LABELS
slipway.local/demo:r1     application/vnd.oci.image.manifest.v1+json sha256:abc    1.9 MiB linux/amd64 -
slipway.local/demo@sha256:abc application/vnd.oci.image.manifest.v1+json sha256:abc 1.9 MiB linux/amd64 -
`;
  expect([...parseImages(table)]).toEqual([
    ["slipway.local/demo:r1", "sha256:abc"],
    ["slipway.local/demo@sha256:abc", "sha256:abc"],
  ]);
});

test("parseLdd takes libraries and the loader, not what the kernel brings", () => {
  const text = `	linux-vdso.so.1 (0x00007f7663487000)
	libdl.so.2 => /lib/x86_64-linux-gnu/libdl.so.2 (0x00007f7663471000)
	libgone.so => not found
	/lib64/ld-linux-x86-64.so.2 (0x00007f7663489000)
`;
  expect(parseLdd(text)).toEqual(["/lib/x86_64-linux-gnu/libdl.so.2", "/lib64/ld-linux-x86-64.so.2"]);
});
