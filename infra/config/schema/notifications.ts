import { z } from "zod";
import { tokenAddress, webAddress } from "./address.ts";

const mailbox = z.email({ error: 'write a mail address such as "ops@example.org"' });

const slack = z.strictObject({});

const pagerduty = z.strictObject({
  /** Where Events v2 are sent to. */
  api: tokenAddress.default("https://events.pagerduty.com"),
});

const email = z.strictObject({
  /** Mail server with port. 465 speaks TLS from the first byte; any other starts TLS where the server offers it. */
  server: z.string().regex(/^([a-z0-9.-]+|\[[0-9a-f:]+\]):[1-9]\d{0,4}$/i, {
    error: 'write host and port, such as "smtp.example.org:587"',
  }),
  from: mailbox,
  to: z.array(mailbox).min(1),
  /** Log-in name; with it a password is needed, and TLS is. */
  user: z.string().min(1).optional(),
});

const github = z.strictObject({
  /** Where incident issues are opened: `owner/name`. */
  repository: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]*\/[A-Za-z0-9._-]+$/, {
    error: 'write owner and name, such as "acme/paws360"',
  }),
  /** Address of GitHub's REST API. */
  api: tokenAddress.default("https://api.github.com"),
});

/** `slipway:notifications`: who is told about releases. Each channel is used where its section is there. */
export const notifications = z
  .strictObject({
    /** A message for every event. The webhook's address is the secret `slack-webhook`. */
    slack: slack.optional(),
    /** An alert that opens on failure and rollback and resolves with the next success. */
    pagerduty: pagerduty.optional(),
    email: email.optional(),
    /** Each gets every event as JSON. For addresses that may be read by everybody only. */
    webhooks: z.array(webAddress).min(1).optional(),
    /** An incident issue for every failure and rollback. */
    github: github.optional(),
  })
  .default({});

export type NotificationsConfig = z.infer<typeof notifications>;
export type EmailConfig = NonNullable<NotificationsConfig["email"]>;
export type GithubConfig = NonNullable<NotificationsConfig["github"]>;
export type PagerDutyConfig = NonNullable<NotificationsConfig["pagerduty"]>;
