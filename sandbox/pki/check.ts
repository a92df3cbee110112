import { createPrivateKey, X509Certificate } from "node:crypto";
import type { CertificateRequest, KeyPair } from "./certificate.ts";

const DAY_MS = 86_400_000;
/** A certificate that ends sooner than this is replaced. */
export const RENEW_BEFORE_MS = 30 * DAY_MS;

/** Why a certificate has to be made anew; undefined while it is good. */
export type RenewalReason =
  | "missing"
  | "unreadable"
  | "ends soon"
  | "other signer"
  | "other names"
  | "other key";

/** Judges an authority's files at a moment. */
export function authorityRenewal(pair: KeyPair | undefined, now: Date): RenewalReason | undefined {
  return judge(pair, now, () => undefined);
}

/** Judges an end certificate's files: readable, long enough valid, signed by the authority, right names. */
export function certificateRenewal(
  pair: KeyPair | undefined,
  request: CertificateRequest,
  authority: KeyPair,
  now: Date,
): RenewalReason | undefined {
  return judge(pair, now, (certificate) => {
    if (!certificate.verify(new X509Certificate(authority.certificate).publicKey)) return "other signer";
    return sameNames(certificate, request) ? undefined : "other names";
  });
}

function judge(
  pair: KeyPair | undefined,
  now: Date,
  further: (certificate: X509Certificate) => RenewalReason | undefined,
): RenewalReason | undefined {
  if (pair === undefined) return "missing";
  try {
    const certificate = new X509Certificate(pair.certificate);
    if (!certificate.checkPrivateKey(createPrivateKey(pair.key))) return "other key";
    if (certificate.validToDate.getTime() - now.getTime() < RENEW_BEFORE_MS) return "ends soon";
    return further(certificate);
  } catch {
    return "unreadable";
  }
}

function sameNames(certificate: X509Certificate, request: CertificateRequest): boolean {
  const subject = [
    ...(request.organisation === undefined ? [] : [`O=${request.organisation}`]),
    `CN=${request.commonName}`,
  ].join("\n");
  const wanted = [
    ...(request.dns ?? []).map((name) => `DNS:${name}`),
    ...(request.addresses ?? []).map((address) => `IP Address:${address}`),
  ];
  const present = certificate.subjectAltName?.split(", ") ?? [];
  return certificate.subject === subject && wanted.sort().join() === present.sort().join();
}
