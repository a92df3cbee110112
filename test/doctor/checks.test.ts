import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { githubCheck } from "../../doctor/github.ts";
import { systemFinding } from "../../doctor/machine.ts";
import { runChecks } from "../../machine/check.ts";
import { shortages } from "../../machine/resources.ts";

const TOKEN = "ghp_canary_7d1f";
let server: Server | undefined;

afterEach(() => server?.close());

async function github(status: number): Promise<string> {
  server = createServer((request, response) => {
    response.statusCode =
      request.url === "/user" && request.headers.authorization === `Bearer ${TOKEN}` ? status : 500;
    response.end("{}");
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it("skips GitHub without a token, says why", async () => {
  expect(await githubCheck({}).run()).toMatchObject({
    status: "skip",
    detail: expect.stringContaining("GITHUB_TOKEN"),
  });
});

it.each([
  [200, "ok"],
  [401, "fail"],
])(
  "asks GitHub whether it takes the token: %d is %s, and the token is not printed",
  async (status, expected) => {
    const finding = await githubCheck({ GITHUB_TOKEN: TOKEN, GITHUB_BASE_URL: await github(status) }).run();
    expect(finding.status).toBe(expected);
    expect(JSON.stringify(finding)).not.toContain(TOKEN);
  },
);

it("warns when GitHub cannot be reached", async () => {
  const finding = await githubCheck({ GITHUB_TOKEN: TOKEN, GITHUB_BASE_URL: "http://127.0.0.1:1/" }).run();
  expect(finding).toMatchObject({ status: "warn", remedy: expect.any(String) });
});

it("names the two other ways where the sandbox's node cannot run", () => {
  expect(systemFinding("linux", "x64", 0).status).toBe("ok");
  for (const [platform, arch, uid] of [
    ["linux", "x64", 1000],
    ["darwin", "arm64", 501],
    ["linux", "arm64", 0],
  ] as const) {
    const finding = systemFinding(platform, arch, uid);
    expect(finding.status).toBe("fail");
    expect(finding.remedy).toMatch(/--context NAME.*--kind/);
  }
});

it("says how much disk and memory are missing, and where", () => {
  const gib = 2 ** 30;
  expect(
    shortages({ freeDisk: 20 * gib, totalMemory: 8 * gib }, { diskGiB: 18, memoryGiB: 4 }, "/cache"),
  ).toEqual([]);
  const faults = shortages(
    { freeDisk: 1.5 * gib, totalMemory: 2 * gib },
    { diskGiB: 18, memoryGiB: 4 },
    "/cache",
  );
  expect(faults.map(({ what }) => what)).toEqual([
    "1.5 GiB of disk are free, 18 GiB are needed",
    "the machine has 2.0 GiB of memory, 4 GiB are needed",
  ]);
  expect(faults[0]?.where).toBe("/cache");
});

it("counts a check that throws as failed", async () => {
  const results = await runChecks([
    { area: "x", title: "y", run: () => Promise.reject(new Error("broken")) },
  ]);
  expect(results).toEqual([{ area: "x", title: "y", status: "fail", detail: "broken" }]);
});
