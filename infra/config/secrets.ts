import type { NotificationsConfig } from "./schema/notifications.ts";

/** Prefix of every secret's key. Secrets are keys of their own, never part of an area. */
export const SECRET_PREFIX = "slipway:secret-";

/** The secret that holds a kubeconfig's content. */
export const KUBECONFIG_SECRET = "kubeconfig";

/** The secret of each channel of `slipway:notifications` that has one. */
export const CHANNEL_SECRETS = {
  /** The address of Slack's incoming webhook. */
  slack: "slack-webhook",
  /** The integration key of PagerDuty's Events v2. */
  pagerduty: "pagerduty-routing-key",
  email: "smtp-password",
  /** A token that may write issues. */
  github: "github-token",
} as const;

export type SecretChannel = keyof typeof CHANNEL_SECRETS;

/** The channels of a stack that do not work without their secret. */
export function channelsWithSecret(config: NotificationsConfig): SecretChannel[] {
  const channels = Object.keys(CHANNEL_SECRETS) as SecretChannel[];
  return channels.filter((channel) =>
    channel === "email" ? config.email?.user !== undefined : config[channel] !== undefined,
  );
}

/** The secret that fills a service's environment variable: `paws360-backend-database-password`. */
export function serviceSecret(service: string, variable: string): string {
  return `${service}-${variable.toLowerCase().replaceAll("_", "-")}`;
}

/**
 * A service's environment variables with the secrets that fill them.
 * @param read gives a secret by its name without prefix
 */
export function readServiceSecrets<T>(
  service: string,
  variables: readonly string[],
  read: (secret: string) => T,
): Record<string, T> {
  return Object.fromEntries(variables.map((variable) => [variable, read(serviceSecret(service, variable))]));
}

/** The command that sets a secret; it asks for the value, so that none lands in a shell's history. */
export function setSecretCommand(secret: string, stack: string): string {
  return `pulumi config set --secret ${SECRET_PREFIX}${secret} --stack ${stack}`;
}
