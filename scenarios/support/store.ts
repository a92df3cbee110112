import { join } from "node:path";
import { openStack } from "../../engine/stack.ts";
import { SECRET_PREFIX, serviceSecret } from "../../infra/config/secrets.ts";
import { paths } from "../../machine/paths.ts";
import { run } from "../../machine/run.ts";
import type { Telling } from "../scenario.ts";
import type { Database } from "./database.ts";
import { demoImage } from "./images.ts";
import { editStackValues } from "./stack-text.ts";
import { e2ePlace, removeE2eStack } from "./stacks.ts";
import { bringUp, Stage, shortAnalysis } from "./stage.ts";

const [API, WEB] = ["store-api", "store-web"] as const;

/** Versions of the schema that the store's first release works with. */
const FIRST_SCHEMA = { min: 1, max: 2 };

/** A database on a busy machine answers slowly at times, which is not what these scenarios are about. */
const CALM = { latencyFloor: "2s" };

/**
 * The tests' own stack with the store and nothing else, on r1; removed at the end, its secret with it. Its API takes
 * orders into the database.
 */
export async function storeStack(
  afterwards: Telling["afterwards"],
  database: Database,
): Promise<readonly [api: Stage, web: Stage]> {
  await removeE2eStack();
  afterwards(removeE2eStack);
  const place = await e2ePlace();
  const host = (name: string) => `${name}.e2e.localhost`;
  const first = { release: "r1", image: await demoImage("r1") };
  const steady = (blue: object) => ({ phase: "steady", active: "blue", blue });
  await editStackValues(place, [
    ...shortAnalysis(CALM),
    [
      ["slipway:services"],
      Object.fromEntries([API, WEB].map((name) => [name, { hostnames: [host(name)], replicas: 1 }])),
    ],
    ...database.edits(API),
    [["slipway:releases"], { [API]: steady({ ...first, schema: FIRST_SCHEMA }), [WEB]: steady(first) }],
  ]);
  await openStack(paths(), place);
  const secret = SECRET_PREFIX + serviceSecret(API, "DATABASE_PASSWORD");
  await run(join(paths().bin, "pulumi"), ["config", "set", "--secret", secret, "--stack", place.stack], {
    cwd: place.folder,
    env: place.env,
    input: database.password,
  });
  await bringUp(place);
  const stage = (name: string) => new Stage(place, name, "store-e2e", host(name));
  return [stage(API), stage(WEB)];
}
