import { basename } from "node:path";
import type { Tool } from "#lib/core/tool.ts";
import { searchPath } from "#lib/schedule/schedule-plan.ts";

const timeoutMs = 10_000;

/**
 * Program and arguments that run a script, absolute: cron and systemd find nothing by a shell's PATH.
 *
 * The path by which a program is installed outlives the one where its version lies, so it is taken where both are the same.
 */
export async function findLauncher({ caller, deps }: Tool): Promise<readonly [string, ...string[]]> {
  const [program, ...args] = caller.launcher;
  const name = basename(program).replace(/\.exe$/, "");
  for (const directory of searchPath.split(":")) {
    const candidate = `${directory}/${name}`;
    const result = await deps.exec(["realpath", "-e", "--", candidate, program], { timeoutMs });
    const [installed, running] = result.stdout.split("\n");
    if (result.exitCode === 0 && installed === running) return [candidate, ...args];
  }
  return [program, ...args];
}
