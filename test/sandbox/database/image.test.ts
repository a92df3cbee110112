import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { PASSWORD_FILE, postgresImage } from "../../../sandbox/database/image.ts";
import { databaseObjects } from "../../../sandbox/database/objects.ts";
import { imageSpecs } from "../../../sandbox/images/catalogue.ts";
import type { ImageSpec } from "../../../sandbox/images/oci.ts";

describe.runIf(process.platform === "linux")("the database's image", () => {
  let image: ImageSpec;
  let files: { readonly path: string; readonly from: string }[];

  beforeAll(async () => {
    image = await postgresImage();
    files = image.layers.flat().flatMap((entry) => (entry.type === "file" ? [entry] : []));
  });

  test("is none of the sandbox's own", async () => {
    expect((await imageSpecs("/bin-of-the-toolchain")).map(({ name }) => name)).not.toContain(image.name);
  });

  test("has the version of the package", () => {
    expect(image.tag).toMatch(/^18\.\d+\.\d+/);
  });

  test("has what it starts, a shell, and files that exist, each once", () => {
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        "bin/start",
        "bin/sh",
        "postgres/bin/initdb",
        "postgres/bin/postgres",
        "postgres/lib/postgresql/plpgsql.so",
        "postgres/share/postgresql/postgres.bki",
      ]),
    );
    expect(new Set(paths).size).toBe(paths.length);
    expect(files.filter(({ from }) => !existsSync(from))).toEqual([]);
  });

  test("has the package's libraries beside its programs, and the machine's at their own places", () => {
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^postgres\/lib\/libssl\.so/),
        expect.stringMatching(/libc\.so\.6$/),
        expect.stringMatching(/^lib(64)?\/ld-linux/),
      ]),
    );
    expect(paths.filter((path) => path.includes("node_modules") || path.includes(".."))).toEqual([]);
  });

  test("does not run as root", () => {
    expect(image.config.user).toBe("65532:65532");
  });
});

describe("the database's objects", () => {
  const objects = databaseObjects("store-database", "slipway.local/postgres@sha256:1", "canary-9d2f");
  const [namespace, secret, service, deployment] = objects as [
    { metadata: { labels: Record<string, string> } },
    { stringData: Record<string, string> },
    { spec: { selector: Record<string, string> } },
    {
      spec: {
        template: {
          metadata: { labels: Record<string, string> };
          spec: {
            volumes: unknown[];
            securityContext: { runAsNonRoot: boolean };
            containers: {
              securityContext: object;
              resources: { limits: object };
              volumeMounts: { name: string; mountPath: string }[];
            }[];
          };
        };
      };
    },
  ];

  test("live in one namespace, which refuses every pod that is not hardened", () => {
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata?.namespace ?? metadata?.name}`)).toEqual(
      ["Namespace", "Secret", "Service", "Deployment"].map((kind) => `${kind} store-database`),
    );
    expect(namespace.metadata.labels["pod-security.kubernetes.io/enforce"]).toBe("restricted");
  });

  test("the pod is hardened, small, and keeps its data in a folder that goes with it", () => {
    const { spec } = deployment.spec.template;
    const [container] = spec.containers;
    expect(container?.securityContext).toMatchObject({ readOnlyRootFilesystem: true });
    expect(container?.resources.limits).toEqual({ memory: "192Mi" });
    expect(spec.securityContext.runAsNonRoot).toBe(true);
    expect(spec.volumes).toContainEqual({ name: "data", emptyDir: { sizeLimit: "256Mi" } });
  });

  test("the password is in the Secret and nowhere else, and comes where the server looks for it", () => {
    const [folder, key] = [dirname(PASSWORD_FILE), basename(PASSWORD_FILE)];
    expect(secret.stringData).toEqual({ [key]: "canary-9d2f" });
    expect(JSON.stringify([namespace, service, deployment])).not.toContain("canary-9d2f");
    expect(deployment.spec.template.spec.containers[0]?.volumeMounts).toContainEqual({
      name: "password",
      mountPath: folder,
      readOnly: true,
    });
  });

  test("the Service leads to the pod", () => {
    expect(deployment.spec.template.metadata.labels).toMatchObject(service.spec.selector);
  });
});
