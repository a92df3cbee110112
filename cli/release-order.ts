import type { SchemaRange } from "../infra/config/schema/releases.ts";
import { UserError } from "../infra/lib/errors.ts";
import type { Wanted } from "../release/model/plan.ts";

/** What `slipway release deploy` was asked for, as it was typed. */
export interface Typed {
  readonly image?: string;
  readonly release?: string;
  readonly schema?: SchemaRange;
  readonly override?: string;
}

/**
 * What each service is to run.
 * @param parts `demo`, or `paws360-backend=registry/name@sha256:…` for several at once
 * @throws UserError when a part has no image, or two
 */
export function orderOf(parts: readonly string[], { image, ...shared }: Typed): Map<string, Wanted> {
  const order = new Map<string, Wanted>();
  for (const part of parts) {
    const [name = "", own] = splitOnce(part, "=");
    const wanted = own ?? image;
    if (wanted === undefined) {
      throw new UserError({
        where: part,
        what: "no image is given",
        remedy: `write --image …, or ${name}=IMAGE`,
      });
    }
    if (
      (own !== undefined && image !== undefined) ||
      (own === undefined && parts.length > 1) ||
      order.has(name)
    ) {
      throw new UserError({
        where: part,
        what: "several services, or an image given twice",
        remedy: "give each service once, with its own image: NAME=IMAGE NAME=IMAGE",
      });
    }
    order.set(name, { image: wanted, ...shared });
  }
  return order;
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
