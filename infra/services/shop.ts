import { demo } from "./demo.ts";
import type { ServiceDefinition } from "./service.ts";

/** The demo service twice more, as the two parts of one system: they are released together, or not at all. */
export const [shopApi, shopWeb] = [part("shop-api"), part("shop-web", ["shop-api"])] as const;

function part(name: string, calls: string[] = []): ServiceDefinition {
  return { ...demo, name, system: "shop", calls, config: { ...demo.config, SERVICE: name } };
}
