import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { counter } from "../../toolchain/build.ts";
import { goIsRecent } from "../../toolchain/go.ts";
import { formatSeconds, TimeLeft } from "../../toolchain/time-left.ts";
import { type Build, TOOLS } from "../../toolchain/tools.ts";

const modules = join(import.meta.dirname, "../../toolchain");

describe.each(TOOLS.map((tool) => [tool.name, tool] as const))("%s", (_name, tool) => {
  it("can be built where no download is reachable, from sources that are pinned", () => {
    expect(tool.builds.length).toBeGreaterThan(0);
    for (const build of tool.builds) {
      if (build.kind === "wheel") expect(build.sha256).toMatch(/^[0-9a-f]{64}$/);
      else
        expect(["go.mod", "go.sum"].map((file) => existsSync(join(modules, build.module, file)))).toEqual([
          true,
          true,
        ]);
    }
  });

  it("gives the same files from both sources", () => {
    if (tool.official === undefined || "pulumiPlugin" in tool.official) return;
    const built = tool.builds.flatMap((build) =>
      build.kind === "go" && build.alsoAs ? build.alsoAs : [build.output],
    );
    const downloaded = tool.official.flatMap(({ files }) => Object.values(files));
    expect(downloaded.sort()).toEqual(built.sort());
  });
});

it("knows a Go that is new enough", () => {
  expect(goIsRecent("go version go1.26.8 linux/amd64")).toBe(true);
  expect(goIsRecent("go version go1.27 linux/amd64")).toBe(true);
  expect(goIsRecent("go version go2.0 linux/amd64")).toBe(true);
  expect(goIsRecent("go version go1.25.9 linux/amd64")).toBe(false);
  expect(goIsRecent("not go")).toBe(false);
});

it("turns go's lines into a status", () => {
  const seen: string[] = [];
  const onLine = counter({ report: (status) => seen.push(status) });
  for (const line of ["go: downloading k8s.io/api v0.34.2", "internal/abi", "go: finding", "runtime"])
    onLine(line);
  expect(seen).toEqual([
    "downloading k8s.io/api",
    "compiling, package 1: internal/abi",
    "compiling, package 2: runtime",
  ]);
});

it("writes seconds as people say them", () => {
  expect(formatSeconds(12.3)).toBe("12 s");
  expect(formatSeconds(75)).toBe("1 min 15 s");
});

it("estimates the time left by the pace so far", () => {
  const [first, second] = [100, 50].map((seconds) => ({ kind: "wheel", seconds }) as Build) as [Build, Build];
  let now = 0;
  const left = new TimeLeft([first, second], () => now);
  const context = { report: () => {}, signal: new AbortController().signal };
  left.start(first, context);
  expect(left.seconds(first)).toBe(150);
  now = 40_000;
  expect(left.seconds(first)).toBe(110);
  now = 200_000;
  left.finish(first);
  left.start(second, context);
  expect(left.seconds(second)).toBe(100);
});
