import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { credentialsFor } from "../../../release/preflight/credentials.ts";
import { fullName, parseReference } from "../../../release/preflight/reference.ts";
import { askRegistry } from "../../../release/preflight/registry.ts";
import { RegistryStandIn, type RegistryTraits } from "./registry-stand-in.ts";

const BYTES = '{"schemaVersion":2}';
const DIGEST = `sha256:${createHash("sha256").update(BYTES).digest("hex")}`;
const OTHER = `sha256:${"0".repeat(64)}`;
const USER = "ana:canary-password-5c1e";

describe("the name of an image", () => {
  it.each([
    ["nginx:1.29", "docker.io", "library/nginx", "1.29", undefined, "docker.io/library/nginx:1.29"],
    ["acme/demo:r1", "docker.io", "acme/demo", "r1", undefined, "docker.io/acme/demo:r1"],
    ["ghcr.io/acme/demo:r1", "ghcr.io", "acme/demo", "r1", undefined, "ghcr.io/acme/demo:r1"],
    ["localhost/demo:r1", "localhost", "demo", "r1", undefined, "localhost/demo:r1"],
    ["127.0.0.1:5000/a/b/c:r1", "127.0.0.1:5000", "a/b/c", "r1", undefined, "127.0.0.1:5000/a/b/c:r1"],
    [`ghcr.io/acme/demo@${DIGEST}`, "ghcr.io", "acme/demo", undefined, DIGEST, `ghcr.io/acme/demo@${DIGEST}`],
    [`ghcr.io/acme/demo:r1@${DIGEST}`, "ghcr.io", "acme/demo", "r1", DIGEST, `ghcr.io/acme/demo@${DIGEST}`],
  ])("%s", (image, registry, repository, tag, digest, full) => {
    expect(parseReference(image)).toEqual({ registry, repository, tag, digest });
    expect(fullName(parseReference(image))).toBe(full);
  });
});

describe("a registry", () => {
  let registry: RegistryStandIn | undefined;
  afterEach(() => registry?.stop());

  async function ask(version: string, traits: RegistryTraits = {}, credentials?: string) {
    registry = await RegistryStandIn.start(
      {
        "acme/demo:r1": { bytes: BYTES, digest: DIGEST },
        [`acme/demo@${DIGEST}`]: { bytes: BYTES, digest: DIGEST },
        [`acme/demo@${OTHER}`]: { bytes: BYTES, digest: DIGEST },
      },
      traits,
    );
    return askRegistry(parseReference(`${registry.host}/acme/demo${version}`), credentials);
  }

  it("tells the digest of a tag, in one request", async () => {
    expect(await ask(":r1")).toEqual({ kind: "there", digest: DIGEST });
    expect(registry?.requests).toEqual(["HEAD /v2/acme/demo/manifests/r1"]);
  });

  it("says that it has no such image", async () => {
    expect(await ask(":r2")).toEqual({ kind: "absent" });
  });

  it("is taken at its word, whatever was asked for: the caller compares", async () => {
    expect(await ask(`@${OTHER}`)).toEqual({ kind: "there", digest: DIGEST });
  });

  it("that does not name the digest has its manifest hashed", async () => {
    expect(await ask(`@${OTHER}`, { namesDigest: false })).toEqual({ kind: "there", digest: DIGEST });
  });

  it("gets a token from where it says, without credentials", async () => {
    expect(await ask(`@${DIGEST}`, { wants: "bearer" })).toEqual({ kind: "there", digest: DIGEST });
    expect(registry?.requests).toEqual([
      `HEAD /v2/acme/demo/manifests/${DIGEST}`,
      "GET /token?scope=repository%3Aacme%2Fdemo%3Apull&service=stand-in",
      `HEAD /v2/acme/demo/manifests/${DIGEST}`,
    ]);
  });

  it.each(["bearer", "basic"] as const)(
    "gets this machine's credentials when it wants them (%s)",
    async (wants) => {
      const answer = await ask(":r1", { wants, credentials: USER }, `Basic ${btoa(USER)}`);
      expect(answer).toEqual({ kind: "there", digest: DIGEST });
    },
  );

  it.each(["bearer", "basic"] as const)("says that it wants credentials, or others (%s)", async (wants) => {
    expect(await ask(":r1", { wants, credentials: USER })).toMatchObject({
      kind: "unknown",
      why: expect.stringContaining("wants credentials, and there are none"),
    });
    await registry?.stop();
    const wrong = await ask(":r1", { wants, credentials: USER }, `Basic ${btoa("ana:wrong")}`);
    expect(wrong).toMatchObject({ kind: "unknown", why: expect.stringContaining("does not accept") });
    expect(JSON.stringify(wrong)).not.toContain("wrong");
  });

  it("that is broken gives no answer", async () => {
    expect(await ask(":r1", { status: 503 })).toEqual({ kind: "unknown", why: "it answers with status 503" });
  });

  it("that is not there gives no answer", async () => {
    const gone = await RegistryStandIn.start({});
    await gone.stop();
    expect(await askRegistry(parseReference(`${gone.host}/acme/demo:r1`), undefined)).toMatchObject({
      kind: "unknown",
      why: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("is never sent credentials in clear text to another machine", async () => {
    const realm = "http://tokens.example/token";
    expect(await ask(":r1", { wants: "bearer", realm }, `Basic ${btoa(USER)}`)).toEqual({
      kind: "unknown",
      why: "it wants credentials sent in clear text to tokens.example",
    });
  });
});

describe("credentials", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "slipway-docker-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const auth = btoa(USER);
  async function read(registry: string, content: string | undefined) {
    if (content !== undefined) await writeFile(join(folder, "config.json"), content);
    return credentialsFor(registry, { DOCKER_CONFIG: folder });
  }

  it.each([
    ["ghcr.io", { auths: { "ghcr.io": { auth } } }, `Basic ${auth}`],
    ["ghcr.io", { auths: { "https://ghcr.io": { auth } } }, `Basic ${auth}`],
    ["docker.io", { auths: { "https://index.docker.io/v1/": { auth } } }, `Basic ${auth}`],
    ["ghcr.io", { auths: { "quay.io": { auth } } }, undefined],
    ["ghcr.io", { auths: { "ghcr.io": {} }, credsStore: "desktop" }, undefined],
    ["ghcr.io", {}, undefined],
  ])("for %s from %j", async (registry, config, expected) => {
    expect(await read(registry, JSON.stringify(config))).toBe(expected);
  });

  it("are none where Docker was never used", async () => {
    expect(await read("ghcr.io", undefined)).toBeUndefined();
  });

  it("names the file that it cannot read, and nothing of what is in it", async () => {
    const error = await read("ghcr.io", `{"auths": {"ghcr.io": {"auth": "${auth}"}`).catch(
      (thrown) => thrown,
    );
    expect(error.message).toMatch(/config\.json: is not a configuration of Docker/);
    expect(error.message).not.toContain(auth);
  });
});
