import { existsSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { demo } from "../../../infra/services/demo.ts";
import { imageSpecs, PAUSE_IMAGE, workloadImages } from "../../../sandbox/images/catalogue.ts";
import type { ImageSpec } from "../../../sandbox/images/oci.ts";

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
  test("comes in two releases that share all layers but the last", () => {
    const [r1, r2] = named("demo");
    expect([r1?.tag, r2?.tag]).toEqual(["r1", "r2"]);
    expect(r1?.layers.slice(0, -1)).toEqual(r2?.layers.slice(0, -1));
    expect(r1?.layers[1]).toBe(r2?.layers[1]);
    expect(r1?.layers.at(-1)).not.toEqual(r2?.layers.at(-1));
  });

  test("is the image that the catalogue's service names", () => {
    expect(named(demo.image)).toHaveLength(2);
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
      ]),
    );
    expect(files.filter(({ from }) => !existsSync(from))).toEqual([]);
  });

  test("carries every package that its code imports, and no test or type file", () => {
    const paths =
      named("demo")[0]
        ?.layers.flat()
        .map(({ path }) => path) ?? [];
    for (const name of ["prom-client", "@opentelemetry/api", "tdigest", "bintrees"]) {
      expect(paths).toContain(`app/node_modules/${name}/package.json`);
    }
    expect(paths.filter((path) => path.endsWith(".d.ts"))).toEqual([]);
  });
});
