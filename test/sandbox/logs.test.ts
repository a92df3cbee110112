import { appendFile, mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Layout, layout } from "../../sandbox/layout.ts";
import { lastLines, logs, withoutPrefix } from "../../sandbox/logs.ts";

let place: Layout;

beforeEach(async () => {
  place = layout(await mkdtemp(join(tmpdir(), "slipway-logs-")));
  await mkdir(place.logs);
});

afterEach(() => rm(place.root, { recursive: true }));

function reader(options: { lines?: number; follow?: boolean } = {}) {
  const controller = new AbortController();
  let text = "";
  const write = (part: string) => {
    text += part;
  };
  return {
    options: { ...options, signal: controller.signal, write },
    text: () => text,
    stop: () => controller.abort(),
  };
}

test.each([
  ["a\nb\nc\n", 2, "b\nc\n"],
  ["a\nb", 5, "a\nb\n"],
  ["", 3, ""],
  ["a\n", 0, ""],
])("the last lines of %j: %i", (text, lines, expected) => expect(lastLines(text, lines)).toBe(expected));

test("what the container runtime puts before a line is taken away, and only that", () => {
  const text = "2026-11-21T11:30:14.1Z stdout F one stderr F two\n2026-11-21T11:30:14.2Z stderr P part\n";
  expect(withoutPrefix(text)).toBe("one stderr F two\npart\n");
});

describe("a component's log", () => {
  test("is shown to its end", async () => {
    await writeFile(join(place.logs, "kubelet.log"), "one\ntwo\nthree\n");
    const seen = reader({ lines: 2 });
    await logs("kubelet", seen.options, place);
    expect(seen.text()).toBe("two\nthree\n");
  });

  test("is followed, also into a new file, until the signal", async () => {
    const file = join(place.logs, "etcd.log");
    await writeFile(file, "one\n");
    const seen = reader({ follow: true });
    const following = logs("etcd", seen.options, place);
    await expect.poll(seen.text).toBe("one\n");
    await appendFile(file, "two\n");
    await expect.poll(seen.text).toBe("one\ntwo\n");
    await writeFile(file, "new\n");
    await expect.poll(seen.text).toBe("one\ntwo\nnew\n");
    seen.stop();
    await following;
  });

  test("that is not there yet is told", async () => {
    await expect(logs("kubelet", reader().options, place)).rejects.toThrow(
      /kubelet has no log yet[\s\S]*sandbox up/,
    );
  });
});

describe("an add-on's log", () => {
  test("is that of its newest pod, without the runtime's prefix", async () => {
    for (const [pod, time] of [
      ["kube-system_coredns-1_u1", 10],
      ["kube-system_coredns-2_u2", 20],
      ["kube-system_other-3_u3", 30],
    ] as const) {
      const folder = join(place.podLogs, pod, "coredns");
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "0.log"), `2026-11-21T11:30:14Z stdout F from ${pod}\n`);
      await utimes(join(folder, "0.log"), time, time);
    }
    const seen = reader();
    await logs("coredns", seen.options, place);
    expect(seen.text()).toBe("from kube-system_coredns-2_u2\n");
  });

  test("that is not there yet is told", async () => {
    await expect(logs("traefik", reader().options, place)).rejects.toThrow("traefik has no log yet");
  });
});

test("an unknown name is told with the nearest", async () => {
  await expect(logs("kublet", reader().options, place)).rejects.toThrow(
    /there is no component "kublet"[\s\S]*"kubelet"/,
  );
});
