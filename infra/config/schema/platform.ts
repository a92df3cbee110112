import { z } from "zod";
import { percent, resources } from "./values.ts";

/** `slipway:platform`: guard-rails of every namespace. */
export const platform = z.strictObject({
  /** Quota above what the namespace's services need with both slots at full size and one of them rolling out. */
  quotaHeadroom: percent,
  /** What a container gets that asks for nothing itself. */
  containerDefaults: resources,
});

export type PlatformConfig = z.infer<typeof platform>;
