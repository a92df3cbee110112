import { X509Certificate } from "node:crypto";

/** What a user shows a cluster, and when that ends, where it says so itself. */
export interface Credentials {
  readonly kind: "token" | "client certificate" | "none";
  readonly end?: Date;
}

/** Reads the end of a bearer token (a JWT's `exp`) or of a client certificate. Never fails. */
export function credentialEnd(
  authorization: string | undefined,
  certificate: string | Buffer | undefined,
): Credentials {
  const token = /^Bearer (.+)$/.exec(authorization ?? "")?.[1];
  if (token !== undefined) return withEnd("token", tokenEnd(token));
  if (certificate !== undefined) return withEnd("client certificate", certificateEnd(certificate));
  return { kind: "none" };
}

function withEnd(kind: Credentials["kind"], end: Date | undefined): Credentials {
  return end === undefined ? { kind } : { kind, end };
}

function tokenEnd(token: string): Date | undefined {
  try {
    const payload = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as {
      exp?: unknown;
    };
    return typeof payload.exp === "number" ? new Date(payload.exp * 1_000) : undefined;
  } catch {
    return undefined;
  }
}

function certificateEnd(certificate: string | Buffer): Date | undefined {
  try {
    return new X509Certificate(certificate).validToDate;
  } catch {
    return undefined;
  }
}
