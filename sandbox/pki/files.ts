import { randomBytes } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeWhole } from "../../machine/processes.ts";
import type { KeyPair, Validity } from "./certificate.ts";
import { authorityRenewal, certificateRenewal } from "./check.ts";
import { AUTHORITIES, type AuthorityName, CERTIFICATES } from "./plan.ts";

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3_650;
const CERTIFICATE_DAYS = 365;
/** Clocks of machines that were asleep differ a little. */
const BACKDATE_MS = 5 * 60_000;

/** Name of the key pair that signs service account tokens. */
export const SERVICE_ACCOUNT = "service-account";

/** Where a certificate (or public key) and its key lie. */
export function certificateFiles(
  folder: string,
  name: string,
): { readonly certificate: string; readonly key: string } {
  return { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
}

/** File with the API server's encryption of Secrets in etcd. */
export function encryptionFile(folder: string): string {
  return join(folder, "encryption.json");
}

/**
 * Makes every certificate and key that is missing, damaged, about to end or wrong. Idempotent.
 * @returns the names of what was made.
 */
export async function ensureCertificates(folder: string, now = new Date()): Promise<string[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const made: string[] = [];
  const authorities = {} as Record<AuthorityName, KeyPair>;
  for (const [name, commonName] of Object.entries(AUTHORITIES)) {
    let pair = await readPair(folder, name);
    if (pair === undefined || authorityRenewal(pair, now) !== undefined) {
      const { issueAuthority } = await import("./certificate.ts");
      pair = await issueAuthority(commonName, validity(now, AUTHORITY_DAYS));
      await writePair(folder, name, pair);
      made.push(name);
    }
    authorities[name as AuthorityName] = pair;
  }
  for (const planned of CERTIFICATES) {
    const authority = authorities[planned.authority];
    const present = await readPair(folder, planned.name);
    if (certificateRenewal(present, planned, authority, now) === undefined) continue;
    const { issueCertificate } = await import("./certificate.ts");
    await writePair(
      folder,
      planned.name,
      await issueCertificate(authority, planned, validity(now, CERTIFICATE_DAYS)),
    );
    made.push(planned.name);
  }
  if ((await readPair(folder, SERVICE_ACCOUNT)) === undefined) {
    const { issueKeys } = await import("./certificate.ts");
    await writePair(folder, SERVICE_ACCOUNT, await issueKeys());
    made.push(SERVICE_ACCOUNT);
  }
  if (await ensureEncryption(encryptionFile(folder))) made.push("encryption");
  return made;
}

/** A key pair's files; undefined when one of them is missing. */
export async function readPair(folder: string, name: string): Promise<KeyPair | undefined> {
  const files = certificateFiles(folder, name);
  const [certificate, key] = await Promise.all([readText(files.certificate), readText(files.key)]);
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

async function writePair(folder: string, name: string, { certificate, key }: KeyPair): Promise<void> {
  const files = certificateFiles(folder, name);
  await writeWhole(files.key, key);
  await writeWhole(files.certificate, certificate, 0o644);
}

/** Never written anew: with another key, the Secrets in etcd could not be read any more. */
async function ensureEncryption(file: string): Promise<boolean> {
  if ((await readText(file)) !== undefined) return false;
  const key = { name: "sandbox", secret: randomBytes(32).toString("base64") };
  const config = {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [{ resources: ["secrets"], providers: [{ secretbox: { keys: [key] } }, { identity: {} }] }],
  };
  await writeWhole(file, JSON.stringify(config));
  return true;
}

function validity(now: Date, days: number): Validity {
  return { from: new Date(now.getTime() - BACKDATE_MS), until: new Date(now.getTime() + days * DAY_MS) };
}

function readText(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch(() => undefined);
}
