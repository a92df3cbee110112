import { isMap, isScalar, parseDocument, visit } from "yaml";

/** What only this machine knows of the stack that runs on it. */
export interface MachineFacts {
  /** Name of the environment: `sandbox`, or `e2e` for the stack that tests make beside it. */
  readonly environment: string;
  readonly kubeconfig: string;
  readonly context: string;
  /** Where pods reach the API server. */
  readonly apiServer: { readonly port: number; readonly addresses: readonly string[] };
  /** Domain of the services' host names; `localhost` and all below it lead to this machine. */
  readonly domain: string;
  /** Port under which users of this machine reach the gateway; unknown for an existing cluster. */
  readonly publicPort?: number;
  /** Image by tag (`slipway.local/demo:r1`) -> the same by digest (`slipway.local/demo@sha256:…`). */
  readonly images: Readonly<Record<string, string>>;
}

/** Keys that a running stack owns: what was released, and what its secrets are locked with. */
const KEPT = [["config", "slipway:releases"], ["encryptionsalt"]] as const;

/**
 * The stack file of the sandbox: the repository's, with the facts of this machine put in.
 * Releases and secrets of the `former` file of this machine stay as they are, so that starting again never rolls
 * anything back.
 */
export function stackFile(template: string, facts: MachineFacts, former?: string): string {
  const document = parseDocument(template);
  const set = (path: readonly string[], value: unknown) => document.setIn(path, document.createNode(value));
  set(["config", "slipway:environment"], facts.environment);
  set(["config", "slipway:cluster"], {
    context: facts.context,
    kubeconfig: facts.kubeconfig,
    apiServer: facts.apiServer,
  });
  if (facts.publicPort !== undefined) set(["config", "slipway:gateway", "publicPort"], facts.publicPort);
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === "string") node.value = onThisMachine(node.value, facts);
    },
  });
  if (former !== undefined) keep(parseDocument(former), set);
  document.commentBefore =
    " Written by `npm start` from the repository's Pulumi.sandbox.yaml; releases are kept.";
  return document.toString({ lineWidth: 0 });
}

/** Image tags become digests, host names get the machine's domain; everything else stays. */
function onThisMachine(value: string, { images, domain }: MachineFacts): string {
  return images[value] ?? value.replace(/^([a-z-]+)\.localhost$/, `$1.${domain}`);
}

function keep(
  former: ReturnType<typeof parseDocument>,
  set: (path: readonly string[], value: unknown) => void,
): void {
  for (const path of KEPT) {
    const value = former.getIn(path, true);
    if (value !== undefined) set(path, isMap(value) || isScalar(value) ? value.toJS(former) : value);
  }
  const config = former.get("config");
  if (!isMap(config)) return;
  for (const [key, value] of Object.entries(config.toJS(former) as Record<string, unknown>)) {
    if (key.startsWith("slipway:secret-")) set(["config", key], value);
  }
}
