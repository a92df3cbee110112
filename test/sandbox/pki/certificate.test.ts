import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { beforeAll, describe, expect, test } from "vitest";
import {
  issueAuthority,
  issueCertificate,
  issueKeys,
  type KeyPair,
} from "../../../sandbox/pki/certificate.ts";
import { authorityRenewal, certificateRenewal } from "../../../sandbox/pki/check.ts";

const DAY_MS = 86_400_000;
const now = new Date();
const validity = { from: new Date(now.getTime() - DAY_MS), until: new Date(now.getTime() + 365 * DAY_MS) };
const inDays = (days: number) => new Date(now.getTime() + days * DAY_MS);

const serverRequest = {
  commonName: "kube-apiserver",
  usage: "server",
  dns: ["localhost", "kubernetes.default.svc"],
  addresses: ["127.0.0.1", "10.0.0.1"],
} as const;
const clientRequest = { commonName: "system:node:n", organisation: "system:nodes", usage: "client" } as const;

let authority: KeyPair;
let server: KeyPair;
let client: KeyPair;

beforeAll(async () => {
  authority = await issueAuthority("test-ca", validity);
  server = await issueCertificate(authority, serverRequest, validity);
  client = await issueCertificate(authority, clientRequest, validity);
});

/** Connects with a client certificate to a server that asks for one; returns what each saw of the other. */
async function handshake(trust: KeyPair, shown: KeyPair, servername: string) {
  const listener = createServer({
    cert: server.certificate,
    key: server.key,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: false,
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const accepted = once(listener, "secureConnection");
  const { port } = listener.address() as AddressInfo;
  const socket = connect({
    port,
    host: "127.0.0.1",
    servername,
    ca: trust.certificate,
    cert: shown.certificate,
    key: shown.key,
  });
  try {
    await once(socket, "secureConnect");
    const [peer] = (await accepted) as [TLSSocket];
    return { trusted: peer.authorized, subject: peer.getPeerCertificate().subject };
  } finally {
    socket.destroy();
    listener.close();
  }
}

describe("issued certificates", () => {
  test("let server and client trust each other", async () => {
    const { trusted, subject } = await handshake(authority, client, "kubernetes.default.svc");
    expect(trusted).toBe(true);
    expect(subject).toEqual({ O: "system:nodes", CN: "system:node:n" });
  });

  test("do not hold for another name", async () => {
    await expect(handshake(authority, client, "elsewhere.example")).rejects.toThrow(/altnames/);
  });

  test("are not trusted under another authority of the same name", async () => {
    const other = await issueAuthority("test-ca", validity);
    await expect(handshake(other, client, "localhost")).rejects.toThrow(/certificate/);
    const foreign = await issueCertificate(other, clientRequest, validity);
    expect((await handshake(authority, foreign, "localhost")).trusted).toBe(false);
  });

  test("of a server are not taken as a client's", async () => {
    expect((await handshake(authority, server, "localhost")).trusted).toBe(false);
  });

  test("cannot sign further ones, and the authority only end certificates", () => {
    expect(new X509Certificate(server.certificate).ca).toBe(false);
    expect(new X509Certificate(authority.certificate).ca).toBe(true);
    expect(new X509Certificate(authority.certificate).toString()).toMatch(/BEGIN CERTIFICATE/);
  });

  test("have positive serial numbers of their own", async () => {
    const serials = [authority, server, client].map(
      ({ certificate }) => new X509Certificate(certificate).serialNumber,
    );
    expect(new Set(serials).size).toBe(3);
    for (const serial of serials) expect(Number.parseInt(serial.slice(0, 2), 16)).toBeLessThan(0x80);
  });
});

describe("renewal", () => {
  test("is not needed for what was just issued", () => {
    expect(authorityRenewal(authority, now)).toBeUndefined();
    expect(certificateRenewal(server, serverRequest, authority, now)).toBeUndefined();
    expect(certificateRenewal(client, clientRequest, authority, now)).toBeUndefined();
  });

  test("comes thirty days before the end", () => {
    expect(certificateRenewal(server, serverRequest, authority, inDays(334))).toBeUndefined();
    expect(certificateRenewal(server, serverRequest, authority, inDays(336))).toBe("ends soon");
    expect(authorityRenewal(authority, inDays(336))).toBe("ends soon");
  });

  test("comes when the node has another address, or one more", () => {
    const moved = { ...serverRequest, addresses: ["127.0.0.1", "10.0.0.2"] };
    expect(certificateRenewal(server, moved, authority, now)).toBe("other names");
    const more = { ...serverRequest, addresses: [...serverRequest.addresses, "10.0.0.2"] };
    expect(certificateRenewal(server, more, authority, now)).toBe("other names");
  });

  test("comes with another user or group", () => {
    expect(certificateRenewal(client, { ...clientRequest, commonName: "x" }, authority, now)).toBe(
      "other names",
    );
    expect(certificateRenewal(client, { ...clientRequest, organisation: "x" }, authority, now)).toBe(
      "other names",
    );
  });

  test("comes with another authority", async () => {
    const other = await issueAuthority("test-ca", validity);
    expect(certificateRenewal(server, serverRequest, other, now)).toBe("other signer");
  });

  test("comes when the files do not belong together, are damaged or missing", () => {
    const mixed = { certificate: server.certificate, key: client.key };
    expect(certificateRenewal(mixed, serverRequest, authority, now)).toBe("other key");
    const torn = { certificate: server.certificate.slice(0, 100), key: server.key };
    expect(certificateRenewal(torn, serverRequest, authority, now)).toBe("unreadable");
    expect(certificateRenewal(undefined, serverRequest, authority, now)).toBe("missing");
  });
});

test("issueKeys gives a public and a private key in PEM", async () => {
  const pair = await issueKeys();
  expect(pair.certificate).toMatch(/^-----BEGIN PUBLIC KEY-----\n[\s\S]+-----END PUBLIC KEY-----\n$/);
  expect(pair.key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
});
