import { runtime } from "@pulumi/pulumi";

/** Whether a value is a secret as it goes over the wire. */
function isSecret(value: object): value is { value: unknown } {
  return (value as Record<string, unknown>)[runtime.specialSigKey] === runtime.specialSecretSig;
}

/** A copy with every secret replaced by `put`, every unknown by `[unknown]`, and all keys sorted. */
export function redact(value: unknown, put: unknown = "[secret]"): unknown {
  if (value === runtime.unknownValue) return "[unknown]";
  if (Array.isArray(value)) return value.map((item) => redact(item, put));
  if (typeof value !== "object" || value === null) return value;
  if (isSecret(value)) return put;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, redact(item, put)]),
  );
}

/** Paths of all secrets in a value: `stringData.PASSWORD`. */
export function secretPaths(value: unknown, path: readonly string[] = []): string[] {
  if (typeof value !== "object" || value === null) return [];
  if (isSecret(value)) return [path.join(".")];
  return Object.entries(value).flatMap(([key, item]) => secretPaths(item, [...path, key]));
}
