import type { EmailConfig } from "../../infra/config/schema/notifications.ts";
import { summaryOf } from "../summary.ts";
import { titleOf } from "../words.ts";
import { type Channel, Undelivered } from "./channel.ts";
import type { Notice, NoticeKind } from "./notice.ts";

/** A mail as nodemailer takes it. */
export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly messageId: string;
  readonly references?: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The port on which mail servers speak TLS from the first byte. */
const TLS_PORT = 465;

export function mailOf({ kind, record }: Notice, { from, to }: Pick<EmailConfig, "from" | "to">): Mail {
  const idOf = (of: NoticeKind) =>
    `<${record.id}.${of.replace(" ", "-")}.${record.stack}@${from.split("@").at(-1)}>`;
  return {
    from,
    to,
    subject: titleOf(record),
    text: summaryOf(record),
    // The same in every attempt, so that a mail sent twice is shown once; all mails of a run make one thread.
    messageId: idOf(kind),
    ...(kind === "started" ? {} : { references: idOf("started") }),
    headers: { "Auto-Submitted": "auto-generated" },
  };
}

/** @param password where the server wants a log-in */
export function email(config: EmailConfig, password: string | undefined): Channel {
  const { host, port } = serverOf(config.server);
  return {
    name: "email",
    secrets: password === undefined ? [] : [password],
    wants: () => true,
    async send(notice, signal) {
      // 90 ms, which nobody should wait for who sends no mail.
      const { createTransport } = await import("nodemailer");
      const transport = createTransport({
        host,
        port,
        secure: port === TLS_PORT,
        ...(config.user === undefined || password === undefined
          ? {}
          : { requireTLS: true, auth: { user: config.user, pass: password } }),
        connectionTimeout: IDLE_MS,
        greetingTimeout: IDLE_MS,
        socketTimeout: IDLE_MS,
        dnsTimeout: IDLE_MS,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      const mail = mailOf(notice, config);
      const { accepted } = await transport
        .sendMail({ ...mail, to: [...mail.to], signal })
        .catch((error: Refusal) => Promise.reject(undelivered(config.server, error)));
      return `sent to ${accepted.length} of ${config.to.length} addresses`;
    },
  };
}

/** Only keeps a dead connection from outliving its attempt for long; the attempt has a deadline of its own. */
const IDLE_MS = 5_000;

/** What nodemailer says about a failure. */
interface Refusal extends Error {
  readonly code?: string;
  readonly originalCode?: string;
  readonly responseCode?: number;
  readonly response?: string;
}

const TRANSIENT = ["ECONNECTION", "ETIMEDOUT", "ESOCKET", "EDNS"];

/** 4xx is "later", 5xx "never" in SMTP. */
function undelivered(
  server: string,
  { code = "", originalCode, responseCode, response, message }: Refusal,
): Undelivered {
  const said = response ?? originalCode ?? message;
  const retry = responseCode === undefined ? TRANSIENT.includes(code) : responseCode < 500;
  return new Undelivered(`${server}: ${said}`, retry);
}

function serverOf(server: string): { host: string; port: number } {
  const at = server.lastIndexOf(":");
  return { host: server.slice(0, at).replaceAll(/[[\]]/g, ""), port: Number(server.slice(at + 1)) };
}
