import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Paths, paths } from "../../../machine/paths.ts";
import { REPOSITORY } from "../../../machine/repository.ts";
import { Project } from "../../../release/project.ts";
import { Recorder } from "../../../release/recorder.ts";
import { readStatus } from "../../../release/status.ts";
import { DEPLOY, FAILED_STEP } from "../record/runs.ts";

const REFUSED = "The connection to the server 127.0.0.1:1 was refused";

let home: string;
let own: Paths;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "slipway-status-"));
  own = paths({ SLIPWAY_HOME: home });
  await cp(join(REPOSITORY, "Pulumi.sandbox.yaml"), join(home, "Pulumi.sandbox.yaml"));
  await mkdir(own.bin);
  const kubectl = join(own.bin, "kubectl");
  await writeFile(kubectl, `#!/bin/sh\necho '${REFUSED}' >&2\nexit 1\n`);
  await chmod(kubectl, 0o755);
});

afterAll(() => rm(home, { recursive: true }));

it("tells what file and records say where the cluster is away, and that it is", async () => {
  const project = await Project.open({ folder: home, stack: "sandbox", env: {} }, own);
  const folder = join(home, "records");
  const recorder = await Recorder.start(folder, DEPLOY, []);
  await recorder.add(FAILED_STEP);
  await recorder.finish({ outcome: "failed", cause: "errors", reason: "errors 4.2 %" });

  const status = await readStatus(project, folder, []);
  expect(status).toMatchObject({
    stack: "sandbox",
    windowSeconds: 20,
    lock: { state: "not known" },
    ok: false,
  });
  expect(status.services).toMatchObject([
    {
      service: "demo",
      phase: "steady",
      slots: { blue: { role: "active", release: "r1", image: "demo:r1", planned: 100 } },
      lastRun: { state: "failed", reason: "errors 4.2 %" },
      lastVerdict: { release: "r7", verdict: "fail" },
    },
  ]);
  expect(status.missing).toEqual([
    {
      what: [
        "who holds the release lock",
        "live shares of demo",
        "pods of demo",
        "requests and errors of demo",
      ],
      why: REFUSED,
    },
  ]);
});

it("refuses a service that the stack does not have, naming the nearest", async () => {
  const project = await Project.open({ folder: home, stack: "sandbox", env: {} }, own);
  await expect(readStatus(project, join(home, "records"), ["dmo"])).rejects.toThrow('did you mean "demo"?');
});
