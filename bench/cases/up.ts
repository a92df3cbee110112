import { join } from "node:path";
import { execa } from "execa";
import { paths } from "../../machine/paths.ts";
import { stackPlace } from "../../sandbox/stack/place.ts";
import { rawStack } from "../../test/support/config.ts";
import { runInProcess } from "../../test/support/language-host.ts";
import { type Bench, timed } from "../bench.ts";

const RUNS = 5;

const bench: Bench = {
  name: "up",
  title: "pulumi up of the whole sandbox stack with nothing to do, and the program's part of it",
  async measure({ report }) {
    const { folder, stack, env } = stackPlace();
    const pulumi = (...args: string[]) =>
      execa(join(paths().bin, "pulumi"), [...args, "--stack", stack, "--yes", "--non-interactive"], {
        cwd: folder,
        env,
      });
    report("pulumi up --skip-preview");
    const direct = await timed(RUNS, () => pulumi("up", "--skip-preview"));
    report("pulumi up, preview first");
    const previewed = await timed(RUNS, () => pulumi("up"));
    report("the program alone, against an engine that agrees to everything: from its start to its end");
    process.env.NODE_COMPILE_CACHE = env.NODE_COMPILE_CACHE;
    const config = rawStack("sandbox");
    const program = await timed(RUNS, () => runInProcess({ config }));
    return [
      { name: "up.no-change", unit: "s", samples: direct, limit: 8 },
      { name: "up.no-change-with-preview", unit: "s", samples: previewed },
      { name: "up.program", unit: "s", samples: program, limit: 2.5 },
    ];
  },
};

export default bench;
