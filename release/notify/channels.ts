import type { NotificationsConfig } from "../../infra/config/schema/notifications.ts";
import { CHANNEL_SECRETS, SECRET_PREFIX, type SecretChannel } from "../../infra/config/secrets.ts";
import { type Channel, Undelivered } from "./channel.ts";
import { email } from "./email.ts";
import { github } from "./github.ts";
import { pagerDuty } from "./pagerduty.ts";
import { slack } from "./slack.ts";
import { webhook } from "./webhook.ts";

/**
 * The channels that a stack has configured. One without its secret is there, too, and says so when it is used.
 * @param secret gives a secret by its name without prefix; undefined when it is not set
 */
export function channelsOf(
  config: NotificationsConfig,
  secret: (name: string) => string | undefined,
): Channel[] {
  const mail = config.email;
  return [
    ...(config.slack === undefined ? [] : [withSecret("slack", secret, slack)]),
    ...withConfig(config.pagerduty, ({ api }) =>
      withSecret("pagerduty", secret, (key) => pagerDuty(api, key)),
    ),
    ...withConfig(mail, (found) =>
      found.user === undefined
        ? email(found, undefined)
        : withSecret("email", secret, (password) => email(found, password)),
    ),
    ...(config.webhooks ?? []).map(webhook),
    ...withConfig(config.github, (found) => withSecret("github", secret, (token) => github(found, token))),
  ];
}

function withConfig<T>(section: T | undefined, make: (section: T) => Channel): Channel[] {
  return section === undefined ? [] : [make(section)];
}

function withSecret(
  name: SecretChannel,
  secret: (name: string) => string | undefined,
  make: (value: string) => Channel,
): Channel {
  const key = CHANNEL_SECRETS[name];
  const value = secret(key)?.trim();
  if (value === undefined || value === "") return broken(name, `${SECRET_PREFIX}${key} is not set`);
  try {
    return make(value);
  } catch {
    return broken(name, `${SECRET_PREFIX}${key} cannot be used: is it what its name says?`);
  }
}

function broken(name: string, detail: string): Channel {
  return {
    name,
    secrets: [],
    wants: () => true,
    send: () => Promise.reject(new Undelivered(detail, false)),
  };
}
