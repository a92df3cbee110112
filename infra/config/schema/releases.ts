import { z } from "zod";
import { SLOTS } from "../../lib/names.ts";
import { image, name, variables } from "./values.ts";

/** Versions of the database schema that a release works with, both ends included. */
const schemaRange = z
  .strictObject({ min: z.int().min(0), max: z.int().min(0) })
  .refine(({ min, max }) => min <= max, { error: "min is above max" });

const slotRelease = z.strictObject({
  /** Short id of the release, such as "r42"; becomes a label and the pods' RELEASE. */
  release: z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,38}[a-z0-9])?$/, {
    error: 'write a short id in lower case, such as "r42"',
  }),
  image,
  schema: schemaRange.optional(),
  /** The variables that this release was made with, so that going back brings them back. @default the present ones */
  config: variables.optional(),
});

/** What may be going on in a service: nothing, a release on its way in, or one on its way out. */
export const PHASES = ["steady", "canary", "rollback"] as const;

const release = z.strictObject({
  phase: z.enum(PHASES),
  /** The slot whose release is the service's version. */
  active: z.enum(SLOTS),
  /** The other slot's share of the traffic in per cent, while in phase canary. */
  weight: z.int().min(0).max(100).optional(),
  /** The step whose smoke test must have passed, while in phase canary. @default weight */
  gate: z.int().min(0).max(100).optional(),
  /** Why the steps are skipped: allows 0 to 100 at once in production. */
  override: z.string().min(10).optional(),
  blue: slotRelease.optional(),
  green: slotRelease.optional(),
});

/** `slipway:releases`: what runs in the slots; written by the release driver, reviewed like code. */
export const releases = z.record(name, release);

export type SchemaRange = z.infer<typeof schemaRange>;
export type SlotRelease = z.infer<typeof slotRelease>;
export type Phase = (typeof PHASES)[number];
export type Release = z.infer<typeof release>;
