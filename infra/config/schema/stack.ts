import { z } from "zod";
import { ENVIRONMENTS } from "../../lib/names.ts";
import { cluster } from "./cluster.ts";
import { delivery } from "./delivery.ts";
import { gateway } from "./gateway.ts";
import { monitoring } from "./monitoring.ts";
import { notifications } from "./notifications.ts";
import { platform } from "./platform.ts";
import { releases } from "./releases.ts";
import { services } from "./services.ts";

/** The version of the layout below. A stack file with a higher one was written by a newer Slipway. */
export const SCHEMA_VERSION = 1;

/** A plain number is text when the engine hands it over. */
const schemaVersion = z.preprocess(
  (input) => (typeof input === "string" && /^\d+$/.test(input) ? Number(input) : input),
  z.int().min(1),
);

/** Every key of the namespace `slipway:` except the secrets, each with the schema of its area. */
export const AREAS = {
  schemaVersion,
  environment: z.enum(ENVIRONMENTS),
  cluster,
  gateway,
  platform,
  monitoring,
  services,
  releases,
  delivery,
  notifications,
} as const;

export type AreaName = keyof typeof AREAS;

/** A stack's configuration, checked. */
export type Config = { readonly [Name in AreaName]: z.infer<(typeof AREAS)[Name]> };
