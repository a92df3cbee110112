import { homedir } from "node:os";
import { join } from "node:path";

/** Every folder that Slipway uses outside the repository; all below one root that can be removed. */
export interface Paths {
  /** `$SLIPWAY_HOME`, else `$XDG_CACHE_HOME/slipway`, else `~/.cache/slipway`. */
  readonly root: string;
  /** Executables of the toolchain, on the PATH of everything that is started. */
  readonly bin: string;
  /** PULUMI_HOME: provider plugins live in `plugins/resource-NAME-vVERSION/`. */
  readonly pulumiHome: string;
  /** Go toolchain (where the machine has none), module and build caches. */
  readonly go: { readonly sdk: string; readonly modules: string; readonly builds: string };
  /** Files fetched and not yet unpacked. */
  readonly downloads: string;
  /** Data that add-ons need besides executables (Gateway API CRDs). */
  readonly share: string;
  /** State of the sandbox: cluster, images, Pulumi stack. */
  readonly sandbox: string;
}

/** The folders for an environment (default: this process's). Pure: creates nothing. */
export function paths(env: NodeJS.ProcessEnv = process.env): Paths {
  const root = env.SLIPWAY_HOME ?? join(env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "slipway");
  const at = (...parts: string[]) => join(root, ...parts);
  return {
    root,
    bin: at("bin"),
    pulumiHome: at("pulumi"),
    go: { sdk: at("go", "sdk"), modules: at("go", "mod"), builds: at("go", "build") },
    downloads: at("downloads"),
    share: at("share"),
    sandbox: at("sandbox"),
  };
}
