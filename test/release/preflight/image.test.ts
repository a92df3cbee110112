import { expect, it } from "vitest";
import type { Environment } from "../../../infra/lib/names.ts";
import { imageFinding, type Node } from "../../../release/preflight/image.ts";
import type { RegistryAnswer } from "../../../release/preflight/registry.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const OTHER = `sha256:${"b".repeat(64)}`;
const PINNED = `ghcr.io/acme/demo@${DIGEST}`;
const TAGGED = "ghcr.io/acme/demo:r2";

function node(images: readonly string[], spec: Node["spec"] = {}): Node {
  return { metadata: { name: "n" }, spec, status: { images: [{ names: images }] } };
}

const has = node([TAGGED, PINNED]);
const hasNot = node(["ghcr.io/acme/demo:r1"]);
const controlPlane = node([], { taints: [{ effect: "NoSchedule" }] });
const cordoned = node([], { unschedulable: true });
const there: RegistryAnswer = { kind: "there", digest: DIGEST };
const unknown: RegistryAnswer = { kind: "unknown", why: "ECONNREFUSED" };

async function find(
  image: string,
  nodes: readonly Node[],
  answer: RegistryAnswer,
  environment: Environment = "production",
) {
  let asked = false;
  const finding = await imageFinding(image, environment, nodes, async () => {
    asked = true;
    return answer;
  });
  return { ...finding, asked };
}

it.each<[string, string, readonly Node[], RegistryAnswer, Environment, object]>([
  ["a tag in production", TAGGED, [has], there, "production", { status: "fail", asked: false }],
  [
    "on every node",
    PINNED,
    [has, has],
    unknown,
    "production",
    { status: "ok", detail: "on 2 of 2 nodes already", asked: false },
  ],
  [
    "on every node that takes pods",
    PINNED,
    [has, controlPlane, cordoned],
    unknown,
    "production",
    { status: "ok", detail: "on 1 of 1 node already", asked: false },
  ],
  ["by its tag on every node", TAGGED, [has], unknown, "sandbox", { status: "ok", asked: false }],
  [
    "not on every node, but in the registry",
    PINNED,
    [has, hasNot],
    there,
    "production",
    { status: "ok", detail: `ghcr.io has it: ${DIGEST}` },
  ],
  ["in the registry, nodes not known", PINNED, [], there, "production", { status: "ok", asked: true }],
  [
    "nowhere",
    PINNED,
    [hasNot],
    { kind: "absent" },
    "staging",
    { status: "fail", detail: `ghcr.io has no ${PINNED}; it is on 0 of 1 node` },
  ],
  [
    "another content under that digest",
    PINNED,
    [hasNot],
    { kind: "there", digest: OTHER },
    "sandbox",
    { status: "fail", detail: `ghcr.io answers with ${OTHER} where ${DIGEST} was asked for` },
  ],
  [
    "a registry that gives no answer, in production",
    PINNED,
    [has, hasNot],
    unknown,
    "production",
    { status: "fail", detail: "ghcr.io could not be asked for it: ECONNREFUSED; it is on 1 of 2 nodes" },
  ],
  ["a registry that gives no answer, elsewhere", PINNED, [hasNot], unknown, "staging", { status: "warn" }],
])("%s", async (_, image, nodes, answer, environment, expected) => {
  const finding = await find(image, nodes, answer, environment);
  expect(finding).toMatchObject(expected);
  if (finding.status !== "ok") expect(finding.remedy).toBeTruthy();
});
