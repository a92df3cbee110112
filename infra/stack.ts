import type { Rule } from "./config/finding.ts";
import { parse } from "./config/parse.ts";
import { configRules } from "./config/rules.ts";
import type { Config } from "./config/schema/stack.ts";
import { readStackFile } from "./config/stack-file.ts";
import { gatewayRules } from "./platform/model/gateway.ts";
import { catalogue } from "./services/catalogue.ts";
import { serviceRules } from "./services/rules.ts";
import { slotRules } from "./slots/model/rules.ts";

/** Every rule that a stack's configuration must keep, from all areas. */
export const stackRules: readonly Rule[] = [
  ...configRules,
  ...gatewayRules,
  ...serviceRules(catalogue),
  ...slotRules(catalogue),
];

/**
 * Checks the text of a `Pulumi.<stack>.yaml` without the engine, exactly as the program checks it.
 * @throws UserError with every fault of the file: file, line and key, value, remedy.
 */
export function checkStackFile(text: string, file: string): Config {
  return parse(readStackFile(text, file), stackRules);
}
