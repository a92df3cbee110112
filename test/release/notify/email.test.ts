import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { describe, expect, onTestFinished, test } from "vitest";
import { notifications } from "../../../infra/config/schema/notifications.ts";
import { CHANNEL_SECRETS } from "../../../infra/config/secrets.ts";
import { channelsOf } from "../../../release/notify/channels.ts";
import { type Notice, noticeOf } from "../../../release/notify/notice.ts";
import { notify } from "../../../release/notify/notify.ts";
import type { Delivery } from "../../../release/record.ts";
import { issueAuthority, issueCertificate, type KeyPair } from "../../../sandbox/pki/certificate.ts";
import { takenBackRun } from "../record/runs.ts";
import { deadAddress } from "./receiver.ts";

const PASSWORD = "canary-smtp-password-7f3a9c";
const PACE = { timeoutMs: 5_000, backOffMs: [1, 1] };

interface MailServer {
  readonly port: number;
  readonly mails: {
    readonly from: string;
    readonly to: readonly string[];
    readonly text: string;
    readonly tls: boolean;
  }[];
  readonly logins: {
    readonly user: string | null | undefined;
    readonly password: string | null | undefined;
  }[];
}

/** A real SMTP server on a free port of this machine, gone when the test is over. */
async function mailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const mails: MailServer["mails"] = [];
  const logins: MailServer["logins"] = [];
  const server = new SMTPServer({
    authOptional: true,
    closeTimeout: 100,
    onAuth: ({ username, password }, _session, done) => {
      logins.push({ user: username, password });
      if (password === PASSWORD) done(null, { user: username });
      else done(new Error(`535 no such password: ${password}`));
    },
    onData: (stream, { envelope, secure }, done) => {
      const from = envelope.mailFrom === false ? "" : envelope.mailFrom.address;
      const to = envelope.rcptTo.map(({ address }) => address);
      void text(stream).then((mail) => {
        mails.push({ from, to, text: mail, tls: secure });
        done();
      });
    },
    ...options,
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (server.server.address() as AddressInfo).port, mails, logins };
}

const PLAIN: SMTPServerOptions = { disabledCommands: ["STARTTLS", "AUTH"] };

async function tell(
  email: Readonly<Record<string, unknown>>,
  password?: string,
): Promise<Delivery | undefined> {
  const section = {
    email: { from: "slipway@example.org", to: ["ops@example.org", "dev@example.org"], ...email },
  };
  const channels = channelsOf(notifications.parse(section), (name) =>
    name === CHANNEL_SECRETS.email ? password : undefined,
  );
  const [delivery] = await notify(noticeOf(takenBackRun()) as Notice, channels, PACE);
  expect(JSON.stringify(delivery)).not.toMatch(/canary|Y2FuYXJ5/);
  return delivery;
}

/** The certificate of a server named localhost, by an authority that only {@link trust} makes known. */
async function localCertificate(): Promise<KeyPair & { readonly authority: string }> {
  const validity = { from: new Date(Date.now() - 60_000), until: new Date(Date.now() + 600_000) };
  const authority = await issueAuthority("mail test", validity);
  const request = { commonName: "localhost", usage: "server", dns: ["localhost"] } as const;
  return { ...(await issueCertificate(authority, request, validity)), authority: authority.certificate };
}

/** Trusts an authority for the rest of the test. */
function trust(certificate: string): void {
  const before = getCACertificates();
  setDefaultCACertificates([...before, certificate]);
  onTestFinished(() => setDefaultCACertificates(before));
}

test("a relay without log-in gets one mail for all addresses", async () => {
  const { port, mails } = await mailServer(PLAIN);
  expect(await tell({ server: `127.0.0.1:${port}` })).toEqual({
    channel: "email",
    ok: true,
    detail: "sent to 2 of 2 addresses",
  });
  expect(mails).toHaveLength(1);
  expect(mails[0]).toMatchObject({ from: "slipway@example.org", to: ["ops@example.org", "dev@example.org"] });
  expect(mails[0]?.text).toMatch(/^Subject: Deploy of demo r7 to production: rolled back\r$/m);
  expect(mails[0]?.text).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  expect(mails[0]?.text.replaceAll("=\r\n", "")).toContain("all users back 0.31 s after that was decided");
});

describe("with a log-in", () => {
  test("the password goes over TLS, to a server whose certificate is trusted", async () => {
    const { key, certificate, authority } = await localCertificate();
    trust(authority);
    const { port, mails, logins } = await mailServer({ key, cert: certificate });
    expect(await tell({ server: `localhost:${port}`, user: "slipway" }, PASSWORD)).toMatchObject({
      ok: true,
    });
    expect(logins).toEqual([{ user: "slipway", password: PASSWORD }]);
    expect(mails.map(({ tls }) => tls)).toEqual([true]);
  });

  test("a server without TLS never sees the password", async () => {
    const { port, logins, mails } = await mailServer({
      disabledCommands: ["STARTTLS"],
      allowInsecureAuth: true,
    });
    const delivery = await tell({ server: `localhost:${port}`, user: "slipway" }, PASSWORD);
    expect(delivery).toMatchObject({ ok: false });
    expect([logins, mails]).toEqual([[], []]);
  });

  test("a server that nobody vouches for never sees it, either", async () => {
    const { key, certificate } = await localCertificate();
    const { port, logins } = await mailServer({ key, cert: certificate });
    const delivery = await tell({ server: `localhost:${port}`, user: "slipway" }, PASSWORD);
    expect(delivery).toMatchObject({ ok: false });
    expect(logins).toEqual([]);
  });

  test("a wrong password is tried once, and is not quoted", async () => {
    const { key, certificate, authority } = await localCertificate();
    trust(authority);
    const { port, logins } = await mailServer({ key, cert: certificate });
    const delivery = await tell({ server: `localhost:${port}`, user: "slipway" }, `${PASSWORD}-old`);
    expect(delivery).toMatchObject({ ok: false });
    expect(delivery?.detail).toMatch(/: 535 .*\[secret\]$/);
    expect(logins).toHaveLength(1);
  });

  test("without a password there is no attempt", async () => {
    expect(await tell({ server: "localhost:1", user: "slipway" })).toEqual({
      channel: "email",
      ok: false,
      detail: "slipway:secret-smtp-password is not set",
    });
  });
});

describe("patience", () => {
  function refusing(code: number, times: number): { options: SMTPServerOptions; attempts: () => number } {
    let attempts = 0;
    const onMailFrom: SMTPServerOptions["onMailFrom"] = (_address, _session, done) => {
      attempts += 1;
      done(attempts <= times ? Object.assign(new Error("busy"), { responseCode: code }) : null);
    };
    return { options: { ...PLAIN, onMailFrom }, attempts: () => attempts };
  }

  test("a server that is busy is tried again", async () => {
    const { options, attempts } = refusing(451, 2);
    const { port, mails } = await mailServer(options);
    expect(await tell({ server: `127.0.0.1:${port}` })).toMatchObject({ ok: true });
    expect([attempts(), mails.length]).toEqual([3, 1]);
  });

  test("a server that refuses for good is not", async () => {
    const { options, attempts } = refusing(550, 9);
    const { port } = await mailServer(options);
    const server = `127.0.0.1:${port}`;
    expect(await tell({ server })).toEqual({ channel: "email", ok: false, detail: `${server}: 550 busy` });
    expect(attempts()).toBe(1);
  });

  test("nobody there", async () => {
    const { host } = new URL(await deadAddress());
    expect(await tell({ server: host })).toEqual({
      channel: "email",
      ok: false,
      detail: `${host}: ECONNREFUSED`,
    });
  });
});
