import { delimiter, dirname, join } from "node:path";
import type { Paths } from "../machine/paths.ts";

/** Where a stack's state is and how it is unlocked. */
export interface Backend {
  /** `file:///...`, `s3://...` or the address of Pulumi Cloud. */
  readonly url: string;
  /** File with the passphrase of the stack's secrets; never the passphrase itself. */
  readonly passphraseFile: string;
}

/** Variables that every run of the engine gets: own home, own tools and this Node first, no calls to update servers. */
export function engineEnvironment(
  paths: Paths,
  backend: Backend,
  kubeconfig: string,
): Record<string, string> {
  return {
    PATH: [paths.bin, dirname(process.execPath), process.env.PATH ?? ""].join(delimiter),
    PULUMI_HOME: paths.pulumiHome,
    PULUMI_BACKEND_URL: backend.url,
    PULUMI_CONFIG_PASSPHRASE_FILE: backend.passphraseFile,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_PARALLEL_DIFF: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_ERROR_OUTPUT_STRING: "true",
    NODE_COMPILE_CACHE: join(paths.root, "node-compile-cache"),
    KUBECONFIG: kubeconfig,
  };
}
