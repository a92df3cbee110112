import { userInfo } from "node:os";
import type { Check, Finding } from "../machine/check.ts";
import { findCommand, missingPackages } from "../machine/packages.ts";
import type { Paths } from "../machine/paths.ts";
import { resources, shortages } from "../machine/resources.ts";
import { run } from "../machine/run.ts";
import { SANDBOX_PACKAGES } from "../sandbox/requirements.ts";
import { findGo } from "../toolchain/go.ts";
import { inspect } from "../toolchain/install.ts";

/** What a running sandbox with its tools takes. */
const RUN_NEEDS = { diskGiB: 6, memoryGiB: 4 };

/** Checks of the machine itself. */
export function machineChecks(paths: Paths): Check[] {
  const check = (title: string, run: () => Promise<Finding>): Check => ({ area: "machine", title, run });
  return [
    check("system", async () => systemFinding(process.platform, process.arch, userInfo().uid)),
    check("disk and memory", () => resourceFinding(paths)),
    check("Debian packages", async () => packageFinding()),
    check("commands", async () => commandFinding()),
  ];
}

/** Whether the sandbox's own node can run on this kind of machine. Pure. */
export function systemFinding(platform: string, arch: string, uid: number): Finding {
  const detail = `${platform} ${arch}, ${uid === 0 ? "root" : `user ${uid}`}`;
  if (platform === "linux" && arch === "x64" && uid === 0) return { status: "ok", detail };
  return {
    status: "fail",
    detail: `${detail}: the sandbox's own node needs root on 64-bit x86 Linux`,
    remedy: "run as root there, or use a cluster: npm start -- --context NAME, or npm start -- --kind",
  };
}

async function resourceFinding(paths: Paths): Promise<Finding> {
  const has = await resources(paths.root);
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(0)} GiB`;
  const detail = `${gib(has.freeDisk)} of disk free at ${paths.root}, ${gib(has.totalMemory)} of memory`;
  const [fault] = shortages(has, RUN_NEEDS, paths.root);
  return fault === undefined
    ? { status: "ok", detail }
    : { status: "fail", detail: fault.what, ...remedyOf(fault) };
}

function remedyOf({ remedy }: { readonly remedy?: string }): Pick<Finding, "remedy"> {
  return remedy === undefined ? {} : { remedy };
}

function packageFinding(): Finding {
  const missing = missingPackages(SANDBOX_PACKAGES).map(({ name }) => name);
  if (missing.length === 0) return { status: "ok", detail: `all ${SANDBOX_PACKAGES.length} there` };
  const names = missing.join(" ");
  return {
    status: "fail",
    detail: `missing: ${names}`,
    remedy: `npm start installs them; by hand: apt-get install ${names}`,
  };
}

function commandFinding(): Finding {
  const missing = ["git", "npm", "tar"].filter((name) => findCommand(name) === undefined);
  if (missing.length === 0) return { status: "ok", detail: "git, npm and tar are on the PATH" };
  return {
    status: "fail",
    detail: `missing: ${missing.join(" ")}`,
    remedy: `apt-get install ${missing.join(" ")}`,
  };
}

/** Checks of the toolchain: one per tool, and the Go that builds what cannot be downloaded. */
export async function toolChecks(paths: Paths): Promise<Check[]> {
  const states = await inspect({ paths });
  const tools = states.map(
    ({ tool, installed }): Check => ({
      area: "tools",
      title: `${tool.name} ${tool.version}`,
      run: async () =>
        installed === undefined
          ? { status: "fail", detail: "missing or of another version", remedy: "npm start" }
          : {
              status: "ok",
              detail: installed === "official" ? "the publisher's" : "from package registries",
            },
    }),
  );
  return [goCheck(paths), ...tools];
}

function goCheck(paths: Paths): Check {
  const title = "go, for what cannot be downloaded";
  return {
    area: "tools",
    title,
    run: async () => {
      const go = await findGo(paths);
      if (go === undefined)
        return { status: "ok", detail: "not here; npm start installs its own when it builds" };
      return { status: "ok", detail: (await run(go, ["version"])).stdout };
    },
  };
}
