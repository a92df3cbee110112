import type { Rule } from "../../config/finding.ts";
import type { Catalogue } from "../../services/catalogue.ts";
import { checkRelease } from "./check.ts";

/** Refuses every state of `slipway:releases` that slots may not be in. */
export function slotRules(catalogue: Catalogue): Rule[] {
  return [
    ({ config: { releases = {} } }) =>
      Object.entries(releases).flatMap(([name, release]) => {
        const service = catalogue.get(name);
        return service === undefined ? [] : checkRelease(service, release);
      }),
  ];
}
