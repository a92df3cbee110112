import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

/** What a certificate is for and in whose name it speaks. */
export interface CertificateRequest {
  readonly commonName: string;
  /** Kubernetes reads it as the group. */
  readonly organisation?: string;
  readonly usage: "server" | "client" | "peer";
  readonly dns?: readonly string[];
  readonly addresses?: readonly string[];
}

/** A certificate and its private key, both as PEM (the key as PKCS #8). */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** Start and end of validity. */
export interface Validity {
  readonly from: Date;
  readonly until: Date;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" };
const USAGES = {
  server: [x509.ExtendedKeyUsage.serverAuth],
  client: [x509.ExtendedKeyUsage.clientAuth],
  peer: [x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth],
};

/** A self-signed certificate authority that can sign end certificates only. */
export async function issueAuthority(commonName: string, { from, until }: Validity): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [commonName] }],
    notBefore: from,
    notAfter: until,
    signingAlgorithm: SIGNATURE,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pem(certificate), key: await exportKey(keys.privateKey) };
}

/** An end certificate with a key of its own, signed by the authority. */
export async function issueCertificate(
  authority: KeyPair,
  request: CertificateRequest,
  { from, until }: Validity,
): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const issuer = new x509.X509Certificate(authority.certificate);
  const names = alternativeNames(request);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    issuer: issuer.subjectName,
    subject: [
      ...(request.organisation === undefined ? [] : [{ O: [request.organisation] }]),
      { CN: [request.commonName] },
    ],
    notBefore: from,
    notAfter: until,
    signingAlgorithm: SIGNATURE,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(USAGES[request.usage]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
  });
  return { certificate: pem(certificate), key: await exportKey(keys.privateKey) };
}

/** A key pair without a certificate: the public key stands in the certificate's place. */
export async function issueKeys(): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const publicKey = await webcrypto.subtle.exportKey("spki", keys.publicKey);
  return { certificate: toPem(publicKey, "PUBLIC KEY"), key: await exportKey(keys.privateKey) };
}

function alternativeNames({ dns = [], addresses = [] }: CertificateRequest): x509.JsonGeneralNames {
  return [
    ...dns.map((value) => ({ type: "dns" as const, value })),
    ...addresses.map((value) => ({ type: "ip" as const, value })),
  ];
}

/** 16 random bytes, positive, as RFC 5280 asks. */
function serialNumber(): string {
  const bytes = Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)));
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return toPem(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

async function importKey(text: string): Promise<webcrypto.CryptoKey> {
  const der = x509.PemConverter.decodeFirst(text);
  return webcrypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem").trim()}\n`;
}

function toPem(der: ArrayBuffer, tag: string): string {
  return `${x509.PemConverter.encode(der, tag).trim()}\n`;
}
