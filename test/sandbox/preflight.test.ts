import { expect, test } from "vitest";
import { layout, MAX_SOCKET_PATH } from "../../sandbox/layout.ts";
import { hostFaults, otherSandboxes, socketFaults } from "../../sandbox/preflight.ts";

test("root on Linux is fine", () => {
  expect(hostFaults({ platform: "linux", uid: 0 })).toEqual([]);
});

test.each([
  [{ platform: "linux", uid: 1_000 } as const, "needs root, this is user 1000"],
  [{ platform: "darwin", uid: 501 } as const, "needs Linux, this is darwin"],
  [{ platform: "win32", uid: undefined } as const, "needs Linux, this is win32"],
])("%j is told the two other ways", (host, what) => {
  const [fault] = hostFaults(host);
  expect(fault?.what).toContain(what);
  expect(fault?.remedy).toMatch(/--context NAME.*--kind/);
});

test("a folder so deep that a socket in it could not be opened is refused", () => {
  const longest = MAX_SOCKET_PATH - "/containerd/containerd.sock".length;
  expect(socketFaults(layout(`/${"d".repeat(longest - 1)}`))).toEqual([]);
  const [fault] = socketFaults(layout(`/${"d".repeat(longest)}`));
  expect(fault?.remedy).toContain("SLIPWAY_HOME");
});

test("a sandbox that keeps its state elsewhere is found by its database's command line", () => {
  const database = (folder: string) => ({
    argv: ["/bin/etcd", "--name=slipway-sandbox", `--data-dir=${folder}`],
  });
  const place = layout("/home/a/sandbox");
  expect(otherSandboxes([database("/home/a/sandbox/etcd")], place)).toEqual([]);
  expect(otherSandboxes([database("/home/b/sandbox/etcd")], place)).toEqual(["/home/b/sandbox"]);
  expect(otherSandboxes([{ argv: ["etcd", "--data-dir=/x"] }], place)).toEqual([]);
});
