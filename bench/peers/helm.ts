import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HELM, installHelm } from "./helm-tool.ts";
import { type Peer, RUNS } from "./peer.ts";
import { APP, plainObjects, type Site } from "./site.ts";

/** `helm rollback --wait` of a chart with the same objects. */
export function helm(graceful: boolean): Peer {
  const run = (site: Site, ...args: string[]) =>
    site.run(HELM.executable(), ...args, "--namespace", site.namespace, "--wait");
  const chart = (site: Site) => join(site.folder, "chart");
  return {
    name: `helm rollback${graceful ? ", preStop" : ""}`,
    runs: RUNS,
    prepare: installHelm,
    install: async (site, subject, image) => {
      await writeChart(chart(site), plainObjects(subject, "{{ .Values.image }}", graceful));
      await run(site, "install", APP, chart(site), "--set", `image=${image}`);
    },
    change: async (site, image) => {
      await run(site, "upgrade", APP, chart(site), "--set", `image=${image}`);
    },
    rollBack: async (site) => {
      await run(site, "rollback", APP);
    },
    remove: async () => {},
  };
}

/** A chart whose one template holds the objects; JSON is YAML. */
async function writeChart(folder: string, objects: readonly object[]): Promise<void> {
  await mkdir(join(folder, "templates"), { recursive: true });
  await writeFile(join(folder, "Chart.yaml"), `apiVersion: v2\nname: ${APP}\nversion: 1.0.0\n`);
  const documents = objects.map((object) => JSON.stringify(object));
  await writeFile(join(folder, "templates", "objects.yaml"), documents.join("\n---\n"));
}
