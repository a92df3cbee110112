const MASK = "[secret]";

/** Shorter ones would blot out words that only happen to contain them. */
const MIN_LENGTH = 6;

/** A word of a secret of several lines (a kubeconfig, a key) that is long enough to be one of its secrets. */
const LONG_WORD = /[^\s"',]{20,}/g;

/**
 * A copy of plain data with every occurrence of a secret replaced in all its texts: as it is, in base64 (Kubernetes
 * Secrets), as part of an address, and inside JSON. Keys of objects stay.
 * @param secrets their values; those below six characters cannot be looked for
 */
export function maskSecrets<T>(value: T, secrets: readonly string[]): T {
  const forms = formsOf(secrets);
  return forms.length === 0 ? value : (mask(value, forms) as T);
}

function mask(value: unknown, forms: readonly string[]): unknown {
  if (typeof value === "string") return forms.reduce((text, form) => text.replaceAll(form, MASK), value);
  if (Array.isArray(value)) return value.map((item) => mask(item, forms));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mask(item, forms)]));
}

/** Longest first: a secret may be part of another. */
function formsOf(secrets: readonly string[]): string[] {
  const plain = secrets.flatMap((secret) => [
    secret,
    secret.trim(),
    ...(secret.includes("\n") ? (secret.match(LONG_WORD) ?? []) : []),
  ]);
  const forms = plain
    .filter((secret) => secret.length >= MIN_LENGTH)
    .flatMap((secret) => [
      secret,
      Buffer.from(secret).toString("base64"),
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
    ]);
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}
