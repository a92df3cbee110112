import { X509Certificate } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CLUSTER } from "../../../sandbox/addresses.ts";
import {
  certificateFiles,
  encryptionFile,
  ensureCertificates,
  readPair,
} from "../../../sandbox/pki/files.ts";
import { API_SERVER, kubeconfig } from "../../../sandbox/pki/kubeconfig.ts";
import { AUTHORITIES, CERTIFICATES } from "../../../sandbox/pki/plan.ts";

const DAY_MS = 86_400_000;
let folder: string;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "slipway-pki-")), "pki");
});

afterEach(() => rm(join(folder, ".."), { recursive: true }));

const textOf = (name: string) => readFile(certificateFiles(folder, name).certificate, "utf8");

test("everything is made once; the second time nothing", async () => {
  const made = await ensureCertificates(folder);
  expect(made).toEqual(
    expect.arrayContaining([...Object.keys(AUTHORITIES), ...CERTIFICATES.map(({ name }) => name)]),
  );
  expect(await ensureCertificates(folder)).toEqual([]);
});

test("keys and secrets are for the owner's eyes only", async () => {
  await ensureCertificates(folder);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  const secret = (await readdir(folder)).filter((name) => !name.endsWith(".crt"));
  const modes = await Promise.all(secret.map(async (name) => (await stat(join(folder, name))).mode & 0o777));
  expect(secret.length).toBeGreaterThan(CERTIFICATES.length);
  expect(new Set(modes)).toEqual(new Set([0o600]));
});

test("after eleven months the certificates are renewed, the authorities and the encryption stay", async () => {
  await ensureCertificates(folder);
  const before = { ca: await textOf("ca"), encryption: await readFile(encryptionFile(folder), "utf8") };
  const made = await ensureCertificates(folder, new Date(Date.now() + 340 * DAY_MS));
  expect(made.sort()).toEqual(CERTIFICATES.map(({ name }) => name).sort());
  expect({ ca: await textOf("ca"), encryption: await readFile(encryptionFile(folder), "utf8") }).toEqual(
    before,
  );
});

test("a damaged certificate is made anew, alone", async () => {
  await ensureCertificates(folder);
  await writeFile(certificateFiles(folder, "kubelet").certificate, "scratched");
  expect(await ensureCertificates(folder)).toEqual(["kubelet"]);
});

test("a lost authority takes all that it signed with it, and nothing else", async () => {
  await ensureCertificates(folder);
  await rm(certificateFiles(folder, "etcd-ca").key);
  const signed = CERTIFICATES.filter(({ authority }) => authority === "etcd-ca").map(({ name }) => name);
  expect((await ensureCertificates(folder)).sort()).toEqual(["etcd-ca", ...signed].sort());
});

test("the API server's certificate holds for the node's address, the Service and the names that pods use", async () => {
  await ensureCertificates(folder);
  const certificate = new X509Certificate(await textOf("apiserver"));
  expect(certificate.checkIP(CLUSTER.nodeAddress)).toBe(CLUSTER.nodeAddress);
  expect(certificate.checkIP(CLUSTER.apiServiceAddress)).toBe(CLUSTER.apiServiceAddress);
  expect(certificate.checkHost("kubernetes.default.svc")).toBe("kubernetes.default.svc");
});

test("no certificate of the cluster opens etcd", () => {
  const etcd = CERTIFICATES.filter(({ authority }) => authority === "etcd-ca").map(({ name }) => name);
  expect(etcd).toEqual(["etcd", "apiserver-etcd-client"]);
});

test("only the admin is in the group that RBAC cannot restrict", () => {
  const masters = CERTIFICATES.filter(({ organisation }) => organisation === "system:masters");
  expect(masters.map(({ name }) => name)).toEqual(["admin"]);
});

test("the kubeconfig is read by the official client, with context, server and verified TLS", async () => {
  await ensureCertificates(folder);
  const admin = await readPair(folder, "admin");
  if (admin === undefined) throw new Error("no admin certificate");
  const config = new KubeConfig();
  config.loadFromString(kubeconfig("slipway-admin", await textOf("ca"), admin));
  expect(config.getCurrentContext()).toBe("slipway-sandbox");
  expect(config.getCurrentCluster()).toMatchObject({ server: API_SERVER, skipTLSVerify: false });
  const { certData = "" } = config.getCurrentUser() ?? {};
  expect(Buffer.from(certData, "base64").toString()).toBe(admin.certificate);
});
