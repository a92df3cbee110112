import { existsSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { demo } from "../../../infra/services/demo.ts";
import { type Faults, faultsOf, NO_FAULTS } from "../../../sandbox/demo/faults.ts";
import { DEMO_RELEASES, imageSpecs, PAUSE_IMAGE, workloadImages } from "../../../sandbox/images/catalogue.ts";
import { type ImageSpec, measureImage } from "../../../sandbox/images/oci.ts";

let specs: ImageSpec[];

beforeAll(async () => {
  specs = await imageSpecs("/bin-of-the-toolchain");
});

const named = (name: string) => specs.filter((spec) => spec.name === name);

test("the node's images are those of its pods and the pause image", async () => {
  const names = (await workloadImages("/b")).map(({ name, tag }) => `${name}:${tag}`);
  expect(specs.map(({ name, tag }) => `${name}:${tag}`)).toEqual(["pause:1", ...names]);
  expect(PAUSE_IMAGE).toBe("slipway.local/pause:1");
});

test("no image runs as root", () => {
  expect(new Set(specs.map(({ config }) => config.user))).toEqual(new Set(["65532:65532"]));
});

test("every image has the program that it starts", () => {
  for (const { name, layers, config } of specs) {
    const paths = layers.flat().map(({ path }) => `/${path}`);
    expect(paths, name).toContain(config.entrypoint[0]);
  }
});

test("Prometheus brings promtool", () => {
  const paths = named("prometheus").flatMap(({ layers }) => layers.flat().map(({ path }) => path));
  expect(paths).toEqual(expect.arrayContaining(["bin/prometheus", "bin/promtool"]));
});

describe("the demo service", () => {
  const tags = Object.keys(DEMO_RELEASES);

  test("comes in releases that share all layers but the last, a few bytes", () => {
    const [first, ...others] = named("demo");
    expect([first, ...others].map((spec) => spec?.tag)).toEqual(tags);
    for (const { tag, layers } of others) {
      expect(layers).toHaveLength(first?.layers.length ?? 0);
      for (const [index, layer] of layers.slice(0, -1).entries()) expect(layer).toBe(first?.layers[index]);
      expect(layers.at(-1)).toEqual([{ path: "app/release", mode: 0o644, type: "text", text: `${tag}\n` }]);
    }
  });

  test("is the image that the catalogue's service names", () => {
    expect(named(demo.image)).toHaveLength(tags.length);
  });

  test("has good releases to go forth and back between, and one bad release per fault", () => {
    const faulty = named("demo").map((spec) => {
      const faults = faultsOf({ ...spec.config.environment });
      const differing = Object.keys(faults).filter(
        (key) => faults[key as keyof Faults] !== NO_FAULTS[key as keyof Faults],
      );
      return [spec.tag, differing];
    });
    expect(Object.fromEntries(faulty)).toEqual({
      r1: [],
      r2: [],
      r3: [],
      "bad-errors": ["errorRate"],
      "bad-latency": ["latencyMs"],
      "bad-health": ["health"],
      "bad-crash": ["crash"],
    });
  });

  test("has a digest of its own for every release", async () => {
    const blobs = new Map();
    const small = named("demo").map((spec) => ({ ...spec, layers: spec.layers.slice(-1) }));
    const images = await Promise.all(small.map((spec) => measureImage(spec, "amd64", blobs)));
    expect(new Set(images.map(({ digest }) => digest)).size).toBe(tags.length);
  });

  test("has the libraries that Node needs, and files that exist", () => {
    const files =
      named("demo")[0]
        ?.layers.flat()
        .flatMap((entry) => (entry.type === "file" ? [entry] : [])) ?? [];
    expect(files.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/libc\.so\.6$/),
        expect.stringMatching(/^lib64\/ld-linux/),
        "app/server.ts",
        "app/migrate.ts",
      ]),
    );
    expect(files.filter(({ from }) => !existsSync(from))).toEqual([]);
  });

  test("carries every package that its code imports, and no test or type file", () => {
    const paths =
      named("demo")[0]
        ?.layers.flat()
        .map(({ path }) => path) ?? [];
    for (const name of ["prom-client", "@opentelemetry/api", "tdigest", "bintrees", "postgres"]) {
      expect(paths).toContain(`app/node_modules/${name}/package.json`);
    }
    expect(paths.filter((path) => path.endsWith(".d.ts"))).toEqual([]);
  });
});
