import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { paths } from "../../machine/paths.ts";
import { stackPlace } from "../../sandbox/stack/place.ts";
import { type Bench, timed } from "../bench.ts";
import { COUNT, configMap } from "../programs/configmaps/manifests.ts";

const RUNS = 5;
const PROGRAM = join(import.meta.dirname, "..", "programs", "configmaps");
const STACK = ["--stack", "bench", "--yes", "--non-interactive", "--skip-preview"];
/** kubectl gets the same objects in a namespace of its own, so that neither owns the other's fields. */
const PEER_NAMESPACE = "slipway-bench-kubectl";

const bench: Bench = {
  name: "configmaps",
  title: `${COUNT} ConfigMaps with nothing to do: pulumi up beside kubectl apply --server-side`,
  async measure({ report }) {
    const folder = await mkdtemp(join(tmpdir(), "slipway-bench-"));
    const env = { ...stackPlace().env, PULUMI_BACKEND_URL: `file://${folder}` };
    const pulumi = (...args: string[]) => execa(join(paths().bin, "pulumi"), args, { cwd: PROGRAM, env });
    const kubectl = (...args: string[]) => execa(join(paths().bin, "kubectl"), args, { env });
    const manifests = join(folder, "configmaps.json");
    const items = Array.from({ length: COUNT }, (_, index) => configMap(index, PEER_NAMESPACE));
    await writeFile(manifests, JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    const apply = () => kubectl("apply", "--server-side", "--filename", manifests);
    try {
      report("creating both sets");
      await pulumi("stack", "init", "bench");
      await pulumi("up", ...STACK);
      await kubectl("create", "namespace", PEER_NAMESPACE);
      await apply();
      const samples: number[] = [];
      const peer: number[] = [];
      for (let run = 1; run <= RUNS; run += 1) {
        report(`run ${run} of ${RUNS}`);
        samples.push(...(await timed(1, () => pulumi("up", ...STACK))));
        peer.push(...(await timed(1, apply)));
      }
      return [
        { name: "configmaps.no-change", unit: "s", samples, peers: { "kubectl apply --server-side": peer } },
      ];
    } finally {
      report("removing both sets");
      await pulumi("destroy", ...STACK).catch(() => undefined);
      await rm(join(PROGRAM, "Pulumi.bench.yaml"), { force: true });
      await kubectl("delete", "namespace", PEER_NAMESPACE, "--ignore-not-found");
      await rm(folder, { recursive: true, force: true });
    }
  },
};

export default bench;
