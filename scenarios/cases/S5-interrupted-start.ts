import assert from "node:assert/strict";
import { join } from "node:path";
import { execa } from "execa";
import { REPOSITORY } from "../../machine/repository.ts";
import { run } from "../../machine/run.ts";
import { status } from "../../sandbox/status.ts";
import type { Scenario } from "../scenario.ts";

const SLIPWAY = join(REPOSITORY, "slipway");
const INTERRUPTED = 130;

const scenario: Scenario = {
  id: "S5",
  title: "killed components and Ctrl-C at one step after the other: the next npm start converges",
  async tell({ given, when, then, afterwards }) {
    afterwards(() => run(SLIPWAY, ["start", "--yes"]));
    await given("a sandbox whose etcd, API server and kubelet were killed", killComponents);
    for (const step of ["Control plane", "Node", "pulumi up"]) {
      const exitCode = await when(`npm start gets Ctrl-C at "${step}"`, () => startUntil(step));
      await then("it ends with the exit code for that", async () => {
        assert.equal(exitCode, INTERRUPTED);
        return `exit code ${exitCode}`;
      });
    }
    await when("npm start runs to its end", () => run(SLIPWAY, ["start", "--yes"]));
    await then("everything is ready", async () => {
      const { state, components } = await status();
      assert.equal(state, "ready");
      return `${components.length} components, ${state}`;
    });
  },
};

export default scenario;

async function killComponents(): Promise<void> {
  const { components } = await status();
  for (const { name, pid } of components) {
    if (pid !== undefined && ["etcd", "kube-apiserver", "kubelet"].includes(name))
      process.kill(pid, "SIGKILL");
  }
}

/** Starts, and sends Ctrl-C as a terminal does, to all processes of the group, when the step begins. */
async function startUntil(step: string): Promise<number | undefined> {
  const start = execa(SLIPWAY, ["start", "--yes"], { detached: true, reject: false, cleanup: true });
  let sent = false;
  for await (const line of start.iterable({ from: "stderr" })) {
    if (sent || !String(line).includes(`❯ ${step}`)) continue;
    sent = true;
    process.kill(-(start.pid as number), "SIGINT");
  }
  return (await start).exitCode;
}
