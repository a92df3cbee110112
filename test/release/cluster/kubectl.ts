import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A program in kubectl's place, in a folder of its own. Takes down how it is called and answers as it is told. */
export interface Kubectl {
  readonly program: string;
  readonly folder: string;
  /** The commands it was given, one a line. */
  calls(): Promise<string[]>;
  /** What it read last from stdin; undefined when it did not come to that. */
  input(): Promise<string | undefined>;
}

/**
 * @param script what it does after it has taken down its command: lines for sh. `$folder` is its folder, and `read_input`
 * reads stdin.
 */
export async function kubectlThat(script: string, folder?: string): Promise<Kubectl> {
  const own = folder ?? (await mkdtemp(join(tmpdir(), "slipway-kubectl-")));
  await mkdir(own, { recursive: true });
  const program = join(own, "kubectl");
  const lines = [
    "#!/bin/sh",
    `folder='${own}'`,
    'read_input() { cat > "$folder/input"; }',
    'echo "$*" >> "$folder/calls"',
    script,
  ];
  await writeFile(program, `${lines.join("\n")}\n`);
  await chmod(program, 0o755);
  onTestFinished(() => rm(own, { recursive: true, force: true }));
  const read = (name: string) => readFile(join(own, name), "utf8").catch(() => undefined);
  return {
    program,
    folder: own,
    calls: async () => (await read("calls"))?.trimEnd().split("\n") ?? [],
    input: () => read("input"),
  };
}
